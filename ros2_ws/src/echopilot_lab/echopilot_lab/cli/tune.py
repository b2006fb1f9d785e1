"""`echopilot tune`: the controller's shipped data, measured again on training and validation patients."""

import os
from pathlib import Path
from typing import Annotated

import typer

from echopilot_core import EchoPilotError
from echopilot_lab.cli.shared import JsonFile, console, one_line_errors, write_json

tune_app = typer.Typer(
    help="Measure the controller's data on training and validation patients (seeds below 600000).",
    no_args_is_help=True,
)
JOBS = os.cpu_count() or 1


@tune_app.command(name="view-poses")
@one_line_errors
def view_poses(
    patients: Annotated[int, typer.Option(min=2, help="Training patients whose views are placed.")] = 400,
    seed: Annotated[int, typer.Option(min=0, help="First of them.")] = 1_000,
    error_patients: Annotated[int, typer.Option(min=1, help="Validation patients that guidance is measured on.")] = 60,
    error_seed: Annotated[int, typer.Option(min=0, help="First of them.")] = 500_130,
    jobs: Annotated[int, typer.Option(min=1, help="Parallel processes.")] = JOBS,
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("out/tune/view_poses.npz"),
    write: Annotated[
        bool, typer.Option("--write", help="Overwrite the shipped file of the controller instead of --out.")
    ] = False,
    json_file: JsonFile = None,
) -> None:
    """Joint distribution of the view poses, and error of guidance in each view (12 minutes on two cores)."""
    from echopilot_lab.controller_data.view_poses import shipped_file, tune_view_poses

    if not write and out.resolve() == shipped_file().resolve():
        raise EchoPilotError(f"{out} is the shipped file; --write overwrites it")
    path = shipped_file() if write else out
    write_json(tune_view_poses(console, path, patients, seed, error_patients, error_seed, jobs), json_file)


@tune_app.command()
@one_line_errors
def gates(
    patients: Annotated[int, typer.Option(min=1, help="Validation patients.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="First of them.")] = 500_000,
    jobs: Annotated[int, typer.Option(min=1, help="Parallel processes.")] = JOBS,
    model: Annotated[Path | None, typer.Option(help="Model folder instead of the shipped one.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Rates at which the acceptance criteria of each view pass, by distance of the probe from the view."""
    from echopilot_lab.controller_data.acceptance_rates import tune_gates

    write_json(tune_gates(console, patients, seed, jobs, model), json_file)


@tune_app.command()
@one_line_errors
def priors(
    patients: Annotated[int, typer.Option(min=1, help="Training patients.")] = 150,
    seed: Annotated[int, typer.Option(min=0, help="First of them.")] = 1_000,
    jobs: Annotated[int, typer.Option(min=1, help="Parallel processes.")] = JOBS,
    json_file: JsonFile = None,
) -> None:
    """Priors of the view search, beside the shipped ones (which are source text and stay as they are)."""
    from echopilot_lab.controller_data.search_priors import tune_priors

    write_json(tune_priors(console, patients, seed, jobs), json_file)


@tune_app.command()
@one_line_errors
def styles(
    data: Annotated[Path, typer.Argument(help="Folder of real images (shared/data/ultrasound).")],
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("out/tune/styles.npz"),
    write: Annotated[bool, typer.Option(help="Overwrite the shipped file.")] = False,
) -> None:
    """Gray levels and low-frequency amplitudes of real images, which training lends to rendered ones."""
    from echopilot_lab.realism.styles import make_bank
    from echopilot_perception.training.augmentation.style_bank import FILE, save

    bank = make_bank(data, console)
    path = FILE if write else out
    path.parent.mkdir(parents=True, exist_ok=True)
    save(path, bank)
    console.print(f"{len(bank)} styles in {path}", highlight=False)
