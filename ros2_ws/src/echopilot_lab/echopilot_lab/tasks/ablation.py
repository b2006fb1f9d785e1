"""The ablation of pre-training, row by row: the same images and epochs, one part more in each row."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line
from echopilot_core.guarded.json_input import read_json
from echopilot_lab.datasets.probe_pose_sampling import DEFAULT_RECIPE
from echopilot_lab.datasets.training_shards import render
from echopilot_lab.pretraining.run import LAST, STORE, run_pretraining
from echopilot_lab.tasks.bench import BenchPlan, bench_tasks
from echopilot_lab.tasks.images import ImagePlan
from echopilot_lab.util.atomic_output import whole_file
from echopilot_lab.util.owned_files import claim

FIRST_SEED = 320_000  # of training; those of the tasks begin at 300000
PER_PATIENT = sum(vars(DEFAULT_RECIPE).values())
SCRATCH, NATURAL = "scratch", "natural"
RUNS, RECIPES, DONE, TASKS = "runs", "recipes", "pretraining.json", "tasks"
SINGLE, SIZES = 192, (128, 192, 256)  # one stage sees as many pixels as the three of the progressive ones, to 7 %


@dataclass(frozen=True)
class AblationPlan:
    """Each row sees `images` in `epochs` passes (a multiple of 3); `natural` is a folder of photographs."""

    out: Path
    tasks: ImagePlan
    shards: Path
    rows: tuple[str, ...] = ()
    natural: Path | None = None
    images: int = 10_000
    epochs: int = 6
    seeds: int = 3
    steps: int = 120
    batch: int = 64
    threads: int = 1


def row_recipes(epochs: int, batch: int, threads: int) -> dict[str, Mapping[str, Any] | None]:
    """Recipes by row, in order; None for the row without pre-training."""
    common = {"encoder": {"name": "edge"}, "batch": batch, "threads": threads, "across": 8, "learning_rate": 1e-3}
    third = epochs // 3
    plain = [{"epochs": epochs, "size": SINGLE, "ratio": 0.6}]
    hard = [{"epochs": epochs, "size": SINGLE, "ratio": 0.6, "hard_share": [0.0, 0.5]}]
    progressive = [
        {"epochs": third, "size": SIZES[0], "ratio": [0.3, 0.5]},
        {"epochs": third, "size": SIZES[1], "ratio": [0.5, 0.6], "hard_share": [0.0, 0.25], "tree": [0.0, 0.5],
         "contrast": [0.0, 0.2]},
        {"epochs": third, "size": SIZES[2], "ratio": 0.6, "hard_share": [0.25, 0.5], "tree": 0.5, "contrast": 0.2},
    ]  # fmt: skip
    return {
        SCRATCH: None,
        NATURAL: {**common, "patches": "square", "data": {"labels": "none"}, "stages": plain},
        "pixel": {**common, "patches": "square", "stages": plain},
        "polar_hard": {**common, "patches": "polar", "stages": hard},
        "tree_progressive": {**common, "patches": "polar", "stages": progressive},
        "latent": {**common, "patches": "polar", "target": "latent", "stages": progressive},
    }


def run_ablation(plan: AblationPlan, console: Console, results: Console) -> tuple[dict[str, Any], bool]:
    """Pre-train row by row and measure each on all tasks; finished parts are kept in `out`.

    Gives the figures and whether all was done; a row that was stopped goes on with the next call. Raises EchoPilotError
    with one line.
    """
    recipes = row_recipes(plan.epochs, plan.batch, plan.threads)
    wanted = _wanted(plan, recipes)
    claim(plan.out, (RUNS, RECIPES, TASKS, "ablation.json"))
    (plan.out / RECIPES).mkdir(exist_ok=True)
    figures: dict[str, Any] = {"rows": {}, "images": plan.images, "epochs": plan.epochs}
    encoders = [SCRATCH]
    for row in wanted:
        recipe = recipes[row]
        if recipe is not None:
            done = _pretrained(row, recipe, plan, console)
            if done is None:
                return figures, False
            figures["rows"][row] = done
            encoders.append(f"{row}={plan.out / RUNS / row / 'encoder.pth'}")
        bench = BenchPlan(
            tuple(encoders),
            plan.tasks,
            plan.out / TASKS,
            seeds=plan.seeds,
            steps=plan.steps,
            threads=plan.threads,
            perturbed=True,
        )
        figures["tasks"] = bench_tasks(bench, console, results)
        with whole_file(plan.out / "ablation.json") as file:
            file.write_text(json.dumps(figures, indent=1) + "\n")
    return figures, True


def _wanted(plan: AblationPlan, recipes: Mapping[str, object]) -> list[str]:
    unknown = [row for row in plan.rows if row not in recipes]
    if unknown:
        raise EchoPilotError(f"row {one_line(unknown[0], 40)!r} is unknown; choose of {', '.join(recipes)}")
    if plan.epochs < 3 or plan.epochs % 3:
        raise EchoPilotError(f"--epochs {plan.epochs}: the progressive rows have three stages; give a multiple of 3")
    if NATURAL in plan.rows and plan.natural is None:
        raise EchoPilotError("the row natural needs a folder of photographs: --natural DIR")
    rows = [row for row in recipes if not plan.rows or row in plan.rows]
    return [row for row in rows if row != NATURAL or plan.natural is not None]


def _pretrained(row: str, recipe: Mapping[str, Any], plan: AblationPlan, console: Console) -> dict[str, Any] | None:
    """Figures of a finished pre-training, which are kept; None where it was stopped."""
    folder, file = plan.out / RUNS / row, plan.out / RECIPES / f"{row}.yaml"
    made_with = {"images": plan.images, **{key: value for key, value in recipe.items() if key != "threads"}}
    kept = _kept(folder / DONE)
    if kept is not None and kept.get("made_with") == made_with:
        return kept
    with whole_file(file) as partial:
        partial.write_text(yaml.safe_dump(dict(recipe), sort_keys=False))
    data = plan.natural if row == NATURAL else plan.shards / f"{plan.images}"
    assert data is not None
    if row != NATURAL:
        count = -(-plan.images // PER_PATIENT)
        render(data, range(FIRST_SEED, FIRST_SEED + count), console, plan.tasks.jobs)
    console.print(f"row {row}", highlight=False)
    goes_on = (folder / LAST).exists()
    figures = run_pretraining(data, str(file), folder, console)
    if not figures["finished"]:
        return None
    seconds = None if goes_on else figures["seconds"]  # of the last part alone
    done = {
        "images": figures["images"],
        "steps": figures["steps"],
        "seconds": seconds,
        "images_per_s": None if seconds is None else figures["images"] * plan.epochs / max(seconds, 1e-9),
        "last_losses": figures["last_losses"],
        "made_with": made_with,
    }
    with whole_file(folder / DONE) as partial:
        partial.write_text(json.dumps(done, indent=1) + "\n")
    shutil.rmtree(folder / STORE, ignore_errors=True)  # 66 kB an image, of no use any more
    return done


def _kept(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    found = read_json(path, f"{path.parent.name}/{path.name}")
    return found if isinstance(found, dict) else None
