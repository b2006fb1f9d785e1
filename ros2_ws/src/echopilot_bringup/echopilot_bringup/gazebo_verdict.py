"""One exam in Gazebo and one in our own simulator, of the same patient: do they agree? A verdict in JSON.

`scripts/verify_gazebo.sh` runs it where Gazebo Harmonic and ROS 2 Jazzy are installed.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from echopilot_bringup.runs.run_folder import read_summary
from echopilot_core import EchoPilotError
from echopilot_exam.record.files import replace_file

SEED, PROTOCOL = 600_002, "aorta"
PACKAGES = (
    "echopilot",
    "ros_gz_sim",
    "ros_gz_bridge",
    "gz_ros2_control",
    "robot_state_publisher",
    "controller_manager",
    "joint_state_broadcaster",
    "velocity_controllers",
)
LOOK_S = 1.0
END_S = 30.0
STALLED_S = 600.0
"""Wall time without a new line in any record after which an exam counts as stuck."""
DIAMETER_MM, FORCE_N = 1.0, 3.0


def missing() -> list[str]:
    """Commands and packages that this machine lacks."""
    lacking = [command for command in ("ros2", "gz") if shutil.which(command) is None]
    if "ros2" in lacking:
        return lacking
    found = subprocess.run(["ros2", "pkg", "list"], capture_output=True, text=True, check=False).stdout.split()
    return lacking + [name for name in PACKAGES if name not in found]


def examine(launch_file: str, arguments: dict[str, str], out: Path, console: Console) -> dict[str, Any]:
    """Launch a graph, wait until its exam is scored, end it; the summary of the exam.

    Raises EchoPilotError when the launch ends before, or nothing is written any more.
    """
    out.mkdir(parents=True)
    given = {"protocol": PROTOCOL, "page_port": "none", "out": str(out)} | arguments
    command = ["ros2", "launch", "echopilot", launch_file, *(f"{name}:={value}" for name, value in given.items())]
    with (out / "launch.log").open("wb") as log:
        launch = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        with console.status(f"{launch_file}: exam of patient {SEED}, protocol {PROTOCOL}"):
            seen, seen_s = 0, time.monotonic()
            while True:
                for summary in out.glob("**/summary.json"):
                    scores = read_summary(summary.parent)
                    if "views" in scores:
                        return scores
                if launch.poll() is not None:
                    raise EchoPilotError(f"{launch_file} ended before its exam did: {out / 'launch.log'}")
                written = sum(f.stat().st_size for f in out.rglob("*") if f.is_file())
                if written != seen:
                    seen, seen_s = written, time.monotonic()
                if time.monotonic() - seen_s > STALLED_S:
                    raise EchoPilotError(f"{launch_file} has written nothing for {STALLED_S:g} s: {out / 'launch.log'}")
                time.sleep(LOOK_S)
    finally:
        _end(launch)


def _end(launch: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGINT, signal.SIGKILL):
        if launch.poll() is not None:
            return
        os.killpg(launch.pid, number)
        try:
            launch.wait(timeout=END_S)
        except subprocess.TimeoutExpired:
            continue


def verdict(gazebo: dict[str, Any], embedded: dict[str, Any]) -> dict[str, Any]:
    """Checks by name, true or false, with the figures of both exams (`summary.json`) that they rest on."""
    sides = {"gazebo": gazebo, "embedded": embedded}
    figures = {
        name: {
            "sweep_completed": bool(side["aorta"]["completed"]),
            "views": sorted(view for view, row in side["views"].items() if row["reached"]),
            "diameter_mm": side["aorta"]["max_diameter_mm"],
            "true_diameter_mm": side["aorta"]["true_max_diameter_mm"],
            "largest_force_n": side["force"]["max_n"],
            "limit_crossings": side["safety"]["limit_crossings"],
        }
        for name, side in sides.items()
    }
    here, there = figures["gazebo"], figures["embedded"]
    checks = {
        "sweeps completed": here["sweep_completed"] and there["sweep_completed"],
        "same views reached": here["views"] == there["views"],
        f"diameter within {DIAMETER_MM:g} mm of truth": _near(
            here["diameter_mm"], here["true_diameter_mm"], DIAMETER_MM
        ),
        f"diameters within {DIAMETER_MM:g} mm of each other": _near(
            here["diameter_mm"], there["diameter_mm"], DIAMETER_MM
        ),
        f"largest forces within {FORCE_N:g} N of each other": _near(
            here["largest_force_n"], there["largest_force_n"], FORCE_N
        ),
        "no force above 20 N": here["limit_crossings"] == 0,
    }
    return {"agrees": all(checks.values()), "checks": checks, "figures": figures}


def _near(a: float | None, b: float | None, most: float) -> bool:
    return a is not None and b is not None and abs(a - b) <= most


def _versions() -> dict[str, str]:
    gz = subprocess.run(["gz", "sim", "--versions"], capture_output=True, text=True, check=False).stdout.strip()
    return {"gz_sim": gz, "ros": os.environ.get("ROS_DISTRO", ""), "machine": platform.platform()}


def main() -> int:
    """0 when both exams agree, 1 when they do not, 2 when one could not be run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", default="out/verify_gazebo", type=Path, help="new folder for both exams")
    out: Path = parser.parse_args().out
    console = Console()
    try:
        if lacking := missing():
            raise EchoPilotError(f"this machine lacks {', '.join(lacking)} (docs/gazebo.md says how to install them)")
        if out.exists():
            raise EchoPilotError(f"{out} exists already; give another folder")
        world = out / "world"
        subprocess.run(
            [sys.executable, "-m", "echopilot_bringup.cli", "patient", "--seed", str(SEED), "--gazebo", "--out", world],
            check=True,
        )
        gazebo = examine(
            "gazebo.launch.py", {"gui": "false", "world": str(world / "worlds" / "bench.sdf")}, out / "gazebo", console
        )
        embedded = examine("sim.launch.py", {"seed": str(SEED)}, out / "embedded", console)
    except (EchoPilotError, subprocess.CalledProcessError) as error:
        console.print(f"[red]error:[/] {error}", highlight=False, soft_wrap=True)
        return 2
    found: dict[str, Any] = {"patient": SEED, "protocol": PROTOCOL, "versions": _versions()} | verdict(gazebo, embedded)
    file = out / "verdict.json"
    replace_file(file, json.dumps(found, indent=1).encode())
    for name, holds in found["checks"].items():
        console.print(f"{'yes' if holds else '[red]no[/]':4} {name}", highlight=False)
    console.print(f"verdict in {file}", highlight=False, soft_wrap=True)
    return 0 if found["agrees"] else 1


if __name__ == "__main__":
    sys.exit(main())
