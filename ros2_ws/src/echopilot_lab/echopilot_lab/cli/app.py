"""The `echopilot` application: commands that need no ROS, each handed over to one module."""

import os
from pathlib import Path
from typing import Annotated

import typer

from echopilot_core import EchoPilotError, View
from echopilot_core.guarded.values import choice_of
from echopilot_lab.cli.bench import bench_app
from echopilot_lab.cli.calibrate import calibrate_app
from echopilot_lab.cli.exam import exam_app
from echopilot_lab.cli.learn import add_learn_commands
from echopilot_lab.cli.model import model_app
from echopilot_lab.cli.page import page_app
from echopilot_lab.cli.record import record_app
from echopilot_lab.cli.report import add_report_commands
from echopilot_lab.cli.scenario import scenario_app
from echopilot_lab.cli.shared import PNG, JsonFile, console, one_line_errors, results, write_json
from echopilot_lab.cli.tune import tune_app

app = typer.Typer(
    help="EchoPilot: open robotic ultrasound. Research software, not a medical device.",
    epilog="Exit code 0: done; 1: not all was done; 2: bad input, said in one line; 3: the exam was aborted; "
    "130: interrupted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(bench_app, name="bench")
app.add_typer(model_app, name="model")
app.add_typer(calibrate_app, name="calibrate")
app.add_typer(scenario_app, name="scenario")
add_report_commands(app)
add_learn_commands(app)
app.add_typer(page_app, name="page")
app.add_typer(exam_app, name="exam")
app.add_typer(record_app, name="record")
app.add_typer(tune_app, name="tune")


def _version(is_asked: bool) -> None:
    if is_asked:
        from echopilot_exam.record.software import code_version

        typer.echo(f"echopilot {code_version()}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """EchoPilot: open robotic ultrasound. Research software, not a medical device."""


@app.command()
@one_line_errors
def replay(
    clips: Annotated[
        list[str],
        typer.Argument(
            metavar="CLIP...",
            help="DICOM, video, image, folder, bag or exam.mcap (docs/clips.md); 'default': a real clip. "
            "With --report several, or the folder of an examination.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for overlay, frames.jsonl and summary.json.")] = Path("out/replay"),
    report: Annotated[
        bool, typer.Option("--report", help="Write the report and DICOM objects of an exam instead.")
    ] = False,
    patient_id: Annotated[
        str, typer.Option("--patient-id", help="Pseudonym for the report; by default one of the files' content.")
    ] = "",
    masks: Annotated[bool, typer.Option("--masks", help="Also write masks.npz in clip pixels.")] = False,
    enhanced: Annotated[bool, typer.Option("--enhanced", help="Show the speckle-reduced image beside it.")] = False,
    depth_cm: Annotated[
        float | None,
        typer.Option("--depth-cm", help="Depth that the scanner prints, for a clip without a scale."),
    ] = None,
    mirror: Annotated[
        bool, typer.Option("--mirror", help="Exchange left and right: the marker of the display was on the left.")
    ] = False,
    json_file: JsonFile = None,
) -> None:
    """Run perception on a real clip, or again on an exam.mcap and compare: exit 1 when a result differs. No ROS.

    --report: the report of an exam from clips alone; exit 1 when a file could not be read.
    """
    depth_m = None if depth_cm is None else 0.01 * depth_cm
    if report:
        from echopilot_lab.replay.examination import report_clips

        if masks or enhanced:
            raise EchoPilotError("--masks and --enhanced are for one clip without --report")
        found = report_clips(clips, out, console, depth_m, mirror, patient_id)
        write_json(found, json_file)
        results.print(found["report"], highlight=False, soft_wrap=True, markup=False)
        if found["refused"]:
            raise typer.Exit(1)
        return
    from echopilot_lab.replay.clip import replay_clip

    if len(clips) > 1 or patient_id:
        raise EchoPilotError("several clips and --patient-id need --report")
    figures = replay_clip(clips[0], out, masks, enhanced, console, depth_m, mirror)
    write_json(figures, json_file)
    if not figures.get("identical", True):
        raise typer.Exit(1)


@app.command()
@one_line_errors
def trial(
    protocol: Annotated[str, typer.Option(help="aorta, cardiac, full or screening.")] = "full",
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
    from echopilot_lab.trials.cohort import run_cohort
    from echopilot_lab.trials.start_offset import Starts
    from echopilot_lab.trials.trial_video import render_trial_video

    starts = Starts(start_mm, start_deg)
    if replay is not None:
        write_json(render_trial_video(replay, protocol, out, console, starts), json_file)
        return
    write_json(run_cohort(protocol, patients, seed, jobs, out, fresh, console, starts), json_file)


@app.command()
@one_line_errors
def patient(
    seed: Annotated[int | None, typer.Option(help="Seed of a drawn virtual patient, 0 or more.")] = None,
    name: Annotated[str, typer.Option(help="A named virtual patient, for example normal or aaa_small.")] = "",
    ct: Annotated[Path | None, typer.Option(help="A CT label volume (NIfTI, TotalSegmentator classes).")] = None,
    out: Annotated[Path, typer.Option(help="Folder for images, clips and truth.json.")] = Path("out/patient"),
    cine: Annotated[str, typer.Option(help="View of the clip: A4C, PLAX, ...; AORTA_TRANS is a sweep.")] = "A4C",
    gazebo: Annotated[
        bool, typer.Option("--gazebo", help="Write the skin as a Gazebo model, and worlds with this patient, instead.")
    ] = False,
) -> None:
    """Draw all standard views and the aorta of one virtual patient, with ground truth; a clip as DICOM, MP4, WebM."""
    if gazebo:
        from echopilot_lab.patients.gazebo_model import write_gazebo

        if ct is not None:
            raise EchoPilotError("Gazebo makes its patient from a seed or a name, not from a CT")
        write_gazebo(seed, name, out, console)
        return
    from echopilot_lab.cli.shared import say_first_start
    from echopilot_lab.patients.patient_sheet import choose_patient, draw_patient_sheet
    from echopilot_lab.patients.reference_views import CINE_VIEWS

    view = View[choice_of(cine, [v.name for v in CINE_VIEWS], "--cine")]
    chosen = choose_patient(seed, name, ct)
    say_first_start(console)
    draw_patient_sheet(chosen, out, console, view)


@app.command()
@one_line_errors
def dataset(
    out: Annotated[Path, typer.Option(help="Folder of the data set; an interrupted one goes on.")],
    patients: Annotated[int, typer.Option(help="How many virtual patients.")] = 100,
    views: Annotated[str, typer.Option(help="all, or names joined by commas: A4C,PLAX,AORTA_TRANS.")] = "all",
    frames: Annotated[int, typer.Option(help="Images per view and patient.")] = 4,
    size: Annotated[int, typer.Option(help="Width and height of images and masks in pixels.")] = 256,
    seed: Annotated[int, typer.Option(help="Seed of the first patient.")] = 0,
    jobs: Annotated[int, typer.Option(help="Parallel processes; by default one per core.")] = os.cpu_count() or 1,
) -> None:
    """Make a data set: images, exact and visible masks and truth of many virtual patients."""
    from echopilot_lab.datasets.dataset import make_dataset

    make_dataset(patients, views, out, seed, frames, size, jobs, console)


@app.command(name="eval")
@one_line_errors
def evaluate(
    patients: Annotated[
        int, typer.Option(min=0, help="How many unseen virtual patients; 0: the labeled real images alone.")
    ] = 20,
    seed: Annotated[int, typer.Option(min=0, help="First seed (reported figures: 700000 to 799999).")] = 600_000,
    jobs: Annotated[int, typer.Option(min=1, help="Patients at a time.")] = 2,
    real: Annotated[
        Path | None,
        typer.Option(help="Folder of real images with labels.csv, or with folders no_contact, other_organs, phantom."),
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="HTML file that shows the labeled real images with outlines and faults.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Model folder instead of the shipped one.")] = None,
    curves: Annotated[Path | None, PNG] = None,
    card: Annotated[bool, typer.Option(help="Write the figures into the card of the model.")] = False,
    json_file: JsonFile = None,
) -> None:
    """Perception on unseen virtual patients, and on real images that people have labeled."""
    from echopilot_lab.evaluation import evaluate_patients
    from echopilot_lab.evaluation.real.table import print_real

    figures = evaluate_patients(patients, seed, console, jobs, real, model, curves, card, page)
    if "real" in figures:
        print_real(figures["real"], results)
    write_json(figures, json_file)


@app.command()
@one_line_errors
def train(
    epochs: Annotated[int, typer.Option(min=1, help="Passes over all images.")] = 40,
    patients: Annotated[int, typer.Option(min=1, help="Patients to render and train on.")] = 500,
    start: Annotated[Path | None, typer.Option(help="checkpoint.pt of an echopilot-edge to begin from.")] = None,
    camus: Annotated[Path | None, typer.Option(help="Folder of CAMUS, to learn from as well.")] = None,
    echonet: Annotated[Path | None, typer.Option(help="Folder of EchoNet-Dynamic, to learn from as well.")] = None,
    usgra: Annotated[Path | None, typer.Option(help="Folder of usgra-seg, to learn from as well.")] = None,
    real: Annotated[Path | None, typer.Option(help="Folder of real images (shared/data/ultrasound), likewise.")] = None,
) -> None:
    """Render training patients, train echopilot-edge, export it (make train)."""
    from echopilot_lab.models.train import TrainingPlan, train_model

    train_model(
        console,
        TrainingPlan(patients, epochs=epochs, start=start, camus=camus, echonet=echonet, usgra=usgra, real=real),
    )
