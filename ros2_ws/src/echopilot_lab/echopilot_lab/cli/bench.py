"""`echopilot bench`: measurements of speed, robustness, realism and range of the virtual patients."""

import os
from pathlib import Path
from typing import Annotated

import typer

from echopilot_lab.cli.shared import INTERRUPTED, PNG, JsonFile, console, one_line_errors, results, write_json

bench_app = typer.Typer(
    help="Measure speed, each figure beside a peer in the same run; robustness; realism.", no_args_is_help=True
)


@bench_app.command()
@one_line_errors
def bmode(
    scatterers: Annotated[
        int, typer.Option(min=0, help="Scatterers that PyMUST simulates, 10 to 30 s for 20000; 0 leaves it out.")
    ] = 20_000,
    frames: Annotated[int, typer.Option(min=1, help="Images per view and quality.")] = 40,
    json_file: JsonFile = None,
) -> None:
    """B-mode renderer: milliseconds per image in each view, without numba, and of peers."""
    from echopilot_lab.benchmarks.bmode import bench_bmode

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
    from echopilot_lab.benchmarks.perception import bench_perception

    write_json(bench_perception(console, echocare or None), json_file)


@bench_app.command()
@one_line_errors
def control(
    traces: Annotated[Path | None, PNG] = None,
    json_file: JsonFile = None,
) -> None:
    """One control and safety step, and the force held on bodies of 300 to 20000 N/m that breathe."""
    from echopilot_lab.benchmarks.control import bench_control

    write_json(bench_control(console, traces=traces), json_file)


@bench_app.command()
@one_line_errors
def faults(
    runs: Annotated[int, typer.Option(min=1, help="Force-only runs of 10 s in contact.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="First seed.")] = 600_000,
    jobs: Annotated[int, typer.Option(min=1, help="Parallel processes.")] = os.cpu_count() or 1,
    picture: Annotated[Path | None, PNG] = None,
    kept: Annotated[Path | None, typer.Option(help="File of finished runs: written, and gone on from.")] = None,
    sensors: Annotated[
        bool, typer.Option("--sensors", help="Force sensors that lie instead: each way on each of --patients patients.")
    ] = False,
    patients: Annotated[int, typer.Option(min=1, help="With --sensors: patients from --seed on.")] = 20,
    json_file: JsonFile = None,
) -> None:
    """Force-only runs with one to four random faults at a time; exit code 1 when one passed the hard limit of 20 N.

    The kinds are those of safety's declaration of evidence, and faults of loop, goal and patient. With --sensors exit
    code 1 when a lying sensor let a force pass 18 N. Not covered: images and perception, processes and network of the
    graph, decisions of the exam, the arm's own joint loop and compliant hold, a person who pushes the arm.
    """
    from echopilot_lab.force_runs.campaign import bench_faults
    from echopilot_lab.force_runs.lie_matrix import bench_sensors

    if sensors:
        lies = bench_sensors(patients, seed, jobs, console, picture)
        write_json(lies, json_file)
        if lies["runs_above_bar"]:
            raise typer.Exit(1)
        return
    figures = bench_faults(runs, seed, jobs, console, picture, kept)
    write_json(figures, json_file)
    if figures["limit_crossings"]:
        raise typer.Exit(1)


@bench_app.command()
@one_line_errors
def physics(json_file: JsonFile = None) -> None:
    """Physics of arm and contact: milliseconds per step of 1 ms."""
    from echopilot_lab.benchmarks.simulator import bench_physics

    write_json(bench_physics(console), json_file)


@bench_app.command()
@one_line_errors
def simulator(json_file: JsonFile = None) -> None:
    """The whole simulator: share of a core at real time with images at 30 Hz."""
    from echopilot_lab.benchmarks.simulator import bench_simulator

    write_json(bench_simulator(console), json_file)


@bench_app.command()
@one_line_errors
def views(
    patients: Annotated[int, typer.Option(min=1, help="How many virtual patients.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="First seed.")] = 600_000,
    json_file: JsonFile = None,
) -> None:
    """Build virtual patients and count their standard views; exit code 1 when one failed to build."""
    from echopilot_lab.benchmarks.view_availability import bench_view_availability

    figures = bench_view_availability(console, patients, seed)
    write_json(figures, json_file)
    if figures["failed"]:
        raise typer.Exit(1)


@bench_app.command()
@one_line_errors
def slide(
    patients: Annotated[int, typer.Option(min=1, help="Validation patients from seed 500100.")] = 20,
    picture: Annotated[Path, PNG] = Path("out/bench/slides.png"),
    json_file: JsonFile = None,
) -> None:
    """Error of the guidance while the probe slides along the chest, in a long-axis and a short-axis view."""
    from echopilot_lab.benchmarks.probe_slide import bench_probe_slide

    write_json(bench_probe_slide(console, patients, picture), json_file)


@bench_app.command()
@one_line_errors
def realism(
    data: Annotated[Path, typer.Option(help="Folder with ultrasound/, the real clips.")] = Path("../shared/data"),
    out: Annotated[Path | None, typer.Option(help="Folder for real and rendered images side by side.")] = None,
    seed: Annotated[list[int] | None, typer.Option(help="A virtual patient to render; may be repeated.")] = None,
    json_file: JsonFile = None,
) -> None:
    """The same measures on rendered and on real ultrasound images."""
    from echopilot_lab.realism.report import DEFAULT_SEEDS, bench_realism

    write_json(bench_realism(console, data, tuple(seed or DEFAULT_SEEDS), out), json_file)


@bench_app.command()
@one_line_errors
def recovery(
    recording: Annotated[Path, typer.Argument(help="A whole recording (.mcap), for example of a demo.")],
    runs: Annotated[int, typer.Option(min=1, help="How many random damages.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="First seed.")] = 1,
    json_file: JsonFile = None,
) -> None:
    """Damage a copy of a recording at random and recover it; exit code 1 when more was lost than was damaged."""
    from echopilot_lab.fuzzing.recordings import bench_recovery

    figures = bench_recovery(console, recording, runs, seed)
    write_json(figures, json_file)
    if figures["failed"]:
        raise typer.Exit(1)


@bench_app.command()
@one_line_errors
def fuzz(
    cases: Annotated[int, typer.Option(min=1, help="How many cases.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all cases.")] = 1,
    case: Annotated[int | None, typer.Option(min=0, help="Run this case alone.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model folder instead of the shipped one.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Damaged files through every reader, extreme frames through the network; exit code 1 when a case failed."""
    from echopilot_lab.fuzzing.processes import fuzz as fuzz_readers
    from echopilot_perception.model import read_manifest

    read_manifest(model)
    figures = fuzz_readers(console, cases, seed, case, model)
    write_json(figures, json_file)
    if figures["failed"]:
        raise typer.Exit(1)


@bench_app.command()
@one_line_errors
def tasks(
    encoder: Annotated[
        list[str],
        typer.Option(help="scratch, a file of pretrain, EchoCare's file, or NAME=FILE; repeat it to compare."),
    ],
    task: Annotated[list[str] | None, typer.Option(help="A task instead of all eleven; repeat it.")] = None,
    share: Annotated[
        list[float] | None, typer.Option(help="Share of labels, by default 0.05 and 1; repeat it.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of weights, order and choice of labels.")] = 1,
    steps: Annotated[int, typer.Option(min=1, help="Steps of each fine-tuning, 16 images each.")] = 120,
    perturbed: Annotated[
        bool,
        typer.Option("--perturbed", help="Also the loss under gain, blur, speckle and haze, at the largest share."),
    ] = False,
    patients: Annotated[int, typer.Option(min=2, help="Virtual patients to learn from, and as many held out.")] = 16,
    phantoms: Annotated[int, typer.Option(min=4, help="Phantoms with lesions to learn from, and as many.")] = 48,
    own: Annotated[
        list[str] | None,
        typer.Option(help="TASK=DIR: images of yours with labels (docs/finetuning.md) instead of rendered ones."),
    ] = None,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="CLASS=VALUE in masks of yours, as of finetune; repeat it.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Parallel processes that render.")] = os.cpu_count() or 1,
    threads: Annotated[int, typer.Option(min=1, help="Threads that train.")] = os.cpu_count() or 1,
    images: Annotated[Path, typer.Option(help="Folder that keeps rendered images.")] = Path(".cache/rendered/tasks"),
    out: Annotated[Path, typer.Option(help="Folder that keeps results, table and plot.")] = Path("out/bench/tasks"),
    json_file: JsonFile = None,
) -> None:
    """Compare encoders on eleven tasks: three fine-tuned, the others by linear probes (docs/tasks.md).

    Interrupted, the same command goes on; another encoder adds to what is kept.
    """
    from echopilot_lab.tasks.bench import BenchPlan, bench_tasks
    from echopilot_lab.tasks.images import ImagePlan

    plan = BenchPlan(
        tuple(encoder),
        ImagePlan(images, patients, patients, phantoms, phantoms, jobs),
        out,
        tuple(task or ()),
        tuple(sorted(set(share or (0.05, 1.0)))),
        seeds,
        steps,
        threads,
        perturbed,
        tuple(own or ()),
        tuple(classes or ()),
    )
    write_json(bench_tasks(plan, console, results), json_file)


@bench_app.command()
@one_line_errors
def ablation(
    row: Annotated[
        list[str] | None,
        typer.Option(help="scratch, natural, pixel, polar_hard, tree_progressive or latent; repeat it. Default: all."),
    ] = None,
    natural: Annotated[
        Path | None, typer.Option(help="Folder of photographs for the row natural, which is left out without it.")
    ] = None,
    pretrain_images: Annotated[int, typer.Option(min=100, help="Images to pre-train on in each row.")] = 10_000,
    epochs: Annotated[int, typer.Option(min=3, help="Passes over them, a multiple of 3.")] = 6,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of the tasks.")] = 3,
    steps: Annotated[int, typer.Option(min=1, help="Steps of each fine-tuning, 16 images each.")] = 120,
    patients: Annotated[int, typer.Option(min=2, help="Virtual patients of the tasks, and as many held out.")] = 16,
    phantoms: Annotated[int, typer.Option(min=4, help="Phantoms with lesions, and as many held out.")] = 48,
    jobs: Annotated[int, typer.Option(min=1, help="Parallel processes that render.")] = os.cpu_count() or 1,
    threads: Annotated[int, typer.Option(min=1, help="Threads that train.")] = os.cpu_count() or 1,
    images: Annotated[Path, typer.Option(help="Folder that keeps rendered images.")] = Path(".cache/rendered"),
    out: Annotated[Path, typer.Option(help="Folder that keeps all results.")] = Path("out/bench/ablation"),
    json_file: JsonFile = None,
) -> None:
    """Pre-train with one part more in each row, and measure each encoder on all tasks (docs/tasks.md).

    Hours on two cores; interrupted, the same command goes on where it was.
    """
    from echopilot_lab.tasks.ablation import AblationPlan, run_ablation
    from echopilot_lab.tasks.images import ImagePlan

    kept = ImagePlan(images / "tasks", patients, patients, phantoms, phantoms, jobs)
    plan = AblationPlan(
        out,
        kept,
        images / "ablation",
        tuple(row or ()),
        natural,
        pretrain_images,
        epochs,
        seeds,
        steps,
        threads=threads,
    )
    figures, finished = run_ablation(plan, console, results)
    write_json(figures, json_file)
    if not finished:
        raise typer.Exit(INTERRUPTED)
