"""`echopilot calibrate`: pose of the image on the flange, delay of the image stream, tool on the force sensor."""

from pathlib import Path
from typing import Annotated

import typer

from echopilot_lab.cli.shared import JsonFile, console, one_line_errors, write_json

calibrate_app = typer.Typer(
    help="Calibrate probe, clocks and tool; results are dated, hashed files.", no_args_is_help=True
)

Pose = Annotated[str, typer.Option(help="Which poses of the recording follow the probe, as AToB: A seen from B.")]


@calibrate_app.command()
@one_line_errors
def probe(
    recording: Annotated[Path, typer.Argument(help="Tracked MetaImage sequence (.mha) of an N-wire phantom.")],
    wires: Annotated[Path, typer.Option(help="JSON with the wires of the phantom and where it stands.")],
    out: Annotated[Path, typer.Option(help="File to write; a PNG of the errors goes beside it.")] = Path(
        "out/calibration/probe.json"
    ),
    pose: Pose = "ProbeToTracker",
    reference: Annotated[
        str, typer.Option(help="Poses of the phantom's reference; '' when it is fixed to the tracker or robot base.")
    ] = "ReferenceToTracker",
    face_px: Annotated[
        tuple[float, float] | None,
        typer.Option(help="Pixel x y of the center of the transducer face; by default the middle of the top row."),
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Image to marker (flange) from an N-wire phantom, with residuals."""
    from echopilot_lab.calibration.probe import run_probe_calibration

    write_json(run_probe_calibration(recording, wires, pose, reference, face_px, out, console), json_file)


@calibrate_app.command(name="time")
@one_line_errors
def delay(
    images: Annotated[
        Path,
        typer.Argument(help="Images of a flat floor while the probe goes up and down: MetaImage or BAG::/topic."),
    ],
    tracker: Annotated[
        Path, typer.Argument(help="Poses over that time: MetaImage, or BAG::/topic of PoseStamped or RobotState.")
    ],
    out: Annotated[Path, typer.Option(help="File to write; a PNG of the two signals goes beside it.")] = Path(
        "out/calibration/time.json"
    ),
    pose: Pose = "ProbeToTracker",
    most_s: Annotated[float, typer.Option(min=0.05, max=2.0, help="Largest delay to look for, in seconds.")] = 0.5,
    json_file: JsonFile = None,
) -> None:
    """How late images come against poses, from the motion that both show."""
    from echopilot_lab.calibration.delay import run_delay_calibration

    write_json(run_delay_calibration(images, tracker, pose, most_s, out, console), json_file)


@calibrate_app.command()
@one_line_errors
def tool(
    recording: Annotated[
        Path, typer.Argument(help="rosbag2 folder or MCAP file: the arm rests in three or more poses, untouched.")
    ],
    description: Annotated[Path, typer.Option(help="URDF of the arm, with links base and probe.")],
    sensor_link: Annotated[str, typer.Option(help="Link in whose frame the sensor reads.")] = "probe",
    sensor_sign: Annotated[int, typer.Option(help="1: the sensor tells the force on the tool; -1: of the tool.")] = 1,
    joints: Annotated[str, typer.Option(help="Topic of JointState; '' where there is only one.")] = "",
    wrench: Annotated[str, typer.Option(help="Topic of WrenchStamped; '' where there is only one.")] = "",
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("out/calibration/tool.json"),
    json_file: JsonFile = None,
) -> None:
    """Weight, center of mass and bias of what hangs on the force sensor, from still poses."""
    from echopilot_lab.calibration.tool import run_tool_calibration

    figures = run_tool_calibration(recording, description, sensor_link, sensor_sign, (joints, wrench), out, console)
    write_json(figures, json_file)
