"""`echopilot calibrate tool`: weight, center of mass and bias of what hangs on the force sensor, as a dated file."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from echopilot_control.calibration.record import check_name, write_record
from echopilot_control.calibration.tool import tool_record
from echopilot_control.force.tare import fit_tool
from echopilot_control.kinematics.arm_model import read_arm
from echopilot_control.kinematics.chain import arm_kinematics
from echopilot_control.kinematics.joint_limits import joint_names
from echopilot_control.kinematics.urdf import fixed_pose
from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import read_text
from echopilot_lab.calibration.still_poses import LEAST_S, still_poses
from echopilot_perception.frames.readers.ros.bag import bag_files

FEWEST = 3  # two leave the center of mass open


def run_tool_calibration(
    recording: Path,
    description: Path,
    sensor_link: str,
    sign: int,
    topics: tuple[str, str],
    out: Path,
    console: Console,
) -> dict[str, Any]:
    """Find the rests, fit the tool, write the record; the figures.

    `topics` are those of joints and wrenches; `sign` is 1 where the sensor tells the force on the tool, -1 where it
    tells the force of the tool.
    """
    check_name(out)
    if sign not in (1, -1):
        raise EchoPilotError(f"sensor sign {sign}; valid: 1 (force on the tool), -1 (of the tool)")
    urdf = read_text(description)
    try:
        arm, R_probe_sensor = read_arm(urdf), fixed_pose(urdf, sensor_link)[:3, :3]
    except ValueError as error:
        raise EchoPilotError(f"{description.name}: {error}") from error
    poses = still_poses(recording, *topics, joint_names(urdf))
    if len(poses) < FEWEST:
        raise EchoPilotError(
            f"{recording.name}: {len(poses)} still poses; {FEWEST} or more of {LEAST_S:g} s are needed, tilted by 30 "
            "degrees or more to several sides, with nothing touching the probe"
        )
    rotations = [arm_kinematics(arm, pose.position_rad).T_base_probe[:3, :3] @ R_probe_sensor for pose in poses]
    tool = fit_tool(rotations, [sign * pose.wrench for pose in poses])
    record = tool_record(tool, datetime.now(timezone.utc), [*bag_files(recording), description])
    write_record(record, out)
    x, y, z = (1e3 * tool.com_m).tolist()
    table = Table("figure", "value", title=f"Tool on {sensor_link}, from {len(poses)} still poses")
    table.add_row("mass", f"{tool.mass_kg:.3f} kg")
    table.add_row("center of mass", f"{x:.1f}, {y:.1f}, {z:.1f} mm in {sensor_link}")
    table.add_row("bias", ", ".join(f"{v:.2f}" for v in tool.bias.tolist()) + " N, N m")
    table.add_row("left over (RMS)", f"{tool.residual[0]:.2f} N, {tool.residual[1]:.3f} N m")
    console.print(table)
    console.print(f"{out}; SHA-256 {record.sha256()[:12]}", highlight=False)
    return {"record": str(out), "poses": len(poses), "values": dict(record.values), "residuals": dict(record.residuals)}
