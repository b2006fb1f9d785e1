"""The `echopilot` command line; every command is one function that hands over to one module."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from echopilot_lab.cli_calibrate import calibrate_app
from echopilot_lab.cli_exam import exam_app
from echopilot_lab.cli_model import model_app
from echopilot_lab.cli_page import page_app
from echopilot_lab.cli_record import record_app
from echopilot_lab.cli_report import add_report_commands
from echopilot_lab.cli_scenario import scenario_app
from echopilot_lab.cli_shared import JsonFile, console, one_line_errors, write_json

app = typer.Typer(
    help="EchoPilot: open robotic ultrasound. Research software, not a medical device.",
    epilog="Exit code 0: done; 1: not all was done; 2: bad input, said in one line; 130: interrupted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
bench_app = typer.Typer(help="Measure speed, each figure beside a peer in the same run.", no_args_is_help=True)
app.add_typer(bench_app, name="bench")
app.add_typer(model_app, name="model")
app.add_typer(calibrate_app, name="calibrate")
app.add_typer(scenario_app, name="scenario")
add_report_commands(app)
app.add_typer(page_app, name="page")
app.add_typer(exam_app, name="exam")
app.add_typer(record_app, name="record")


@app.command()
@one_line_errors
def demo(
    clip: Annotated[str, typer.Option(help="A real clip instead of the patient: a file or 'default'.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the virtual patient.")] = 600_002,
    protocol: Annotated[str, typer.Option(help="aorta, cardiac or full.")] = "full",
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("out/demo"),
) -> None:
    """Start the ROS 2 graph, run an exam, leave a report and summary.json."""
    from echopilot_lab.demo import run_clip_demo, run_exam_demo

    if clip:
        run_clip_demo(clip, out, console)
    else:
        run_exam_demo(seed, protocol, out, console)


@app.command()
@one_line_errors
def replay(
    clip: Annotated[str, typer.Argument(help="DICOM, video, folder of pictures or exam.mcap; 'default': a real clip.")],
    out: Annotated[Path, typer.Option(help="Folder for overlay, frames.jsonl and summary.json.")] = Path("out/replay"),
    masks: Annotated[bool, typer.Option("--masks", help="Also write masks.npz in clip pixels.")] = False,
    enhanced: Annotated[bool, typer.Option("--enhanced", help="Show the speckle-reduced picture beside it.")] = False,
    json_file: JsonFile = None,
) -> None:
    """Run perception on a real clip, or again on an exam.mcap and compare: exit 1 when a result differs. No ROS."""
    from echopilot_lab.replay import replay_clip

    figures = replay_clip(clip, out, masks, enhanced, console)
    write_json(figures, json_file)
    if not figures.get("identical", True):
        raise typer.Exit(1)


@app.command()
@one_line_errors
def trial(
    protocol: Annotated[str, typer.Option(help="aorta, cardiac or full.")] = "full",
    patients: Annotated[int, typer.Option(min=1, help="How many virtual patients.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="First seed; patients are seed .. seed + patients - 1.")] = 600_000,
    jobs: Annotated[int, typer.Option(min=1, help="Parallel processes.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder that keeps finished trials, so that a stop loses little.")] = Path(
        "out/trial"
    ),
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget finished trials in the folder.")] = False,
    start_mm: Annotated[
        float, typer.Option(help="Views start up to this far off; 0: where the controller likes.")
    ] = 30.0,
    start_deg: Annotated[float, typer.Option(help="And turned by up to this much.")] = 20.0,
    replay: Annotated[int | None, typer.Option(help="Run the trial of this seed alone, and leave a video.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Closed-loop exams on seeded virtual patients, in one process each, without ROS."""
    from echopilot_lab.cohort import run_cohort
    from echopilot_lab.film import film_trial
    from echopilot_lab.start_offset import Starts

    starts = Starts(start_mm, start_deg)
    if replay is not None:
        write_json(film_trial(replay, protocol, out, console, starts), json_file)
        return
    write_json(run_cohort(protocol, patients, seed, jobs, out, fresh, console, starts), json_file)


@app.command()
@one_line_errors
def patient(
    seed: Annotated[int | None, typer.Option(help="Seed of a drawn virtual patient, 0 or more.")] = None,
    name: Annotated[str, typer.Option(help="A named virtual patient, for example normal or aaa_small.")] = "",
    ct: Annotated[Path | None, typer.Option(help="A CT label volume (NIfTI, TotalSegmentator classes).")] = None,
    out: Annotated[Path, typer.Option(help="Folder for pictures, clips and truth.json.")] = Path("out/patient"),
) -> None:
    """Draw all standard views and the aorta of one virtual patient, with ground truth; a DICOM cine and a WebM."""
    from echopilot_lab.patient_sheet import choose_patient, draw_patient_sheet

    draw_patient_sheet(choose_patient(seed, name, ct), out, console)


@app.command()
@one_line_errors
def dataset(
    out: Annotated[Path, typer.Option(help="Folder of the data set; an interrupted one goes on.")],
    patients: Annotated[int, typer.Option(help="How many virtual patients.")] = 100,
    views: Annotated[str, typer.Option(help="all, or names joined by commas: A4C,PLAX,AORTA_TRANS.")] = "all",
    frames: Annotated[int, typer.Option(help="Pictures per view and patient.")] = 4,
    size: Annotated[int, typer.Option(help="Width and height of pictures and masks in pixels.")] = 256,
    seed: Annotated[int, typer.Option(help="Seed of the first patient.")] = 1_000_000,
    jobs: Annotated[int, typer.Option(help="Parallel processes; by default one per core.")] = os.cpu_count() or 1,
) -> None:
    """Make a data set: pictures, exact and visible masks and truth of many virtual patients."""
    from echopilot_lab.dataset import make_dataset

    make_dataset(patients, views, out, seed, frames, size, jobs, console)


@app.command(name="eval")
@one_line_errors
def evaluate(
    patients: Annotated[int, typer.Option(min=1, help="How many unseen virtual patients.")] = 20,
    seed: Annotated[int, typer.Option(help="First seed (reported seeds start at 600000).")] = 600_000,
    jobs: Annotated[int, typer.Option(min=1, help="Patients at a time.")] = 2,
    real: Annotated[
        Path | None, typer.Option(help="Folder with real no_contact, other_organs and phantom pictures.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Model folder instead of the shipped one.")] = None,
    curves: Annotated[Path | None, typer.Option(help="PNG for the ROC curves of the findings.")] = None,
    card: Annotated[bool, typer.Option(help="Write the figures into the card of the model.")] = False,
    json_file: JsonFile = None,
) -> None:
    """Perception on unseen virtual patients."""
    from echopilot_lab.evaluation import evaluate_patients

    write_json(evaluate_patients(patients, seed, console, jobs, real, model, curves, card), json_file)


@app.command()
@one_line_errors
def train(
    epochs: Annotated[int, typer.Option(min=1, help="Passes over all pictures.")] = 40,
    patients: Annotated[int, typer.Option(min=1, help="Patients to render and train on.")] = 500,
    start: Annotated[Path | None, typer.Option(help="checkpoint.pt of an echopilot-edge to begin from.")] = None,
    camus: Annotated[Path | None, typer.Option(help="Folder of CAMUS, to learn from as well.")] = None,
    echonet: Annotated[Path | None, typer.Option(help="Folder of EchoNet-Dynamic, to learn from as well.")] = None,
    usgra: Annotated[Path | None, typer.Option(help="Folder of usgra-seg, to learn from as well.")] = None,
) -> None:
    """Render training patients, train echopilot-edge, export it (make train)."""
    from echopilot_lab.train_model import Plan, train_model

    train_model(console, Plan(patients, epochs=epochs, start=start, camus=camus, echonet=echonet, usgra=usgra))


@bench_app.command()
@one_line_errors
def bmode(
    scatterers: Annotated[
        int, typer.Option(min=0, help="Scatterers that PyMUST simulates, 10 to 30 s for 20000; 0 leaves it out.")
    ] = 20_000,
    frames: Annotated[int, typer.Option(min=1, help="Pictures per view and quality.")] = 40,
    json_file: JsonFile = None,
) -> None:
    """B-mode renderer: milliseconds per picture in each view, without numba, and of peers."""
    from echopilot_lab.bench_bmode import bench_bmode

    write_json(bench_bmode(console, frames, scatterers), json_file)


@bench_app.command()
@one_line_errors
def perception(
    echocare: Annotated[
        str, typer.Option(help="Time EchoCare's encoder too: a checkpoint, or 'random' for random weights.")
    ] = "",
    json_file: JsonFile = None,
) -> None:
    """echopilot-edge on one thread, all heads, FP32 and INT8, beside MONAI's BasicUNet."""
    from echopilot_lab.bench_perception import bench_perception

    write_json(bench_perception(console, echocare or None), json_file)


@bench_app.command()
@one_line_errors
def control(
    traces: Annotated[Path | None, typer.Option(help="PNG for the force over time at three stiffnesses.")] = None,
    json_file: JsonFile = None,
) -> None:
    """One control and safety step, and the force held on bodies of 300 to 20000 N/m that breathe."""
    from echopilot_lab.bench_control import bench_control

    write_json(bench_control(console, traces=traces), json_file)


@bench_app.command()
@one_line_errors
def faults(
    runs: Annotated[int, typer.Option(min=1, help="Force-only runs of 10 s in contact.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="First seed.")] = 600_000,
    jobs: Annotated[int, typer.Option(min=1, help="Parallel processes.")] = os.cpu_count() or 1,
    picture: Annotated[Path | None, typer.Option(help="PNG for the distribution of the largest forces.")] = None,
    kept: Annotated[Path | None, typer.Option(help="File of finished runs: written, and gone on from.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Force-only runs with random faults; exit code 1 when one passed the hard limit of 20 N."""
    from echopilot_lab.force_campaign import bench_faults

    figures = bench_faults(runs, seed, jobs, console, picture, kept)
    write_json(figures, json_file)
    if figures["limit_crossings"]:
        raise typer.Exit(1)


@bench_app.command()
@one_line_errors
def physics(json_file: JsonFile = None) -> None:
    """Physics of arm and contact: milliseconds per step of 1 ms."""
    from echopilot_lab.bench_simulator import bench_physics

    write_json(bench_physics(console), json_file)


@bench_app.command()
@one_line_errors
def simulator(json_file: JsonFile = None) -> None:
    """The whole simulator: share of a core at real time with pictures at 30 Hz."""
    from echopilot_lab.bench_simulator import bench_simulator

    write_json(bench_simulator(console), json_file)


@bench_app.command()
@one_line_errors
def graph(
    seconds: Annotated[float, typer.Option(min=1.0, help="Seconds to measure.")] = 20.0, json_file: JsonFile = None
) -> None:
    """The live ROS graph with lockstep off: image to command latency, drops."""
    from echopilot_lab.bench_graph import bench_graph

    write_json(bench_graph(seconds, console), json_file)


def main() -> None:
    """Console entry point."""
    sys.exit(app())
