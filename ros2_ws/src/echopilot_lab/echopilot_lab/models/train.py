"""`make train`: render patients, train the edge network, measure it, export it."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from echopilot_core import View
from echopilot_lab.datasets.real_samples import read_real
from echopilot_lab.datasets.training_shards import VALIDATION_SEEDS, load, render, training_seeds
from echopilot_perception import grid
from echopilot_perception.heads.base import UNKNOWN_LABEL
from echopilot_perception.model.manifest import SHIPPED, sha256
from echopilot_perception.training import Sample, Samples, join, stack
from echopilot_perception.training.foreign import foreign_images
from echopilot_perception.training.readers import read_camus, read_echonet, read_usgra

FOREIGN_SHARE, REAL_SHARE = 0.1, 0.06  # of the rendered images; the few real ones come again and again
FOREIGN_SEED = 2


@dataclass(frozen=True)
class TrainingPlan:
    """Size of one training run; the default takes about 10 minutes with a GPU and 16 cores, and half a day on two.

    With `start` the shipped checkpoint.pt, 3 epochs are an hour on two cores, a third of it rendering.
    """

    patients: int = 500
    first_patient: int = 2000
    validation_patients: int = 24
    epochs: int = 40
    name: str = "echopilot-edge-0.6"
    data: Path = Path(".cache/rendered/v6")
    work: Path = Path("out/train/edge")
    model: Path = SHIPPED
    start: Path | None = None  # checkpoint.pt to begin from
    camus: Path | None = None  # folders of public data sets that join the rendered images
    echonet: Path | None = None
    usgra: Path | None = None
    real: Path | None = None  # of datasets.real_samples


def train_model(console: Console, plan: TrainingPlan = TrainingPlan()) -> None:
    """Do all of it, going on where an interrupted run stopped. Raises EchoPilotError with one line."""
    from echopilot_perception.model.export import export  # needs torch
    from echopilot_perception.training import DEFAULT_SPEC, TrainConfig
    from echopilot_perception.training.loop import train

    jobs = max(multiprocessing.cpu_count(), 1)
    seeds = training_seeds(plan.first_patient, plan.patients)
    last = VALIDATION_SEEDS[0] + plan.validation_patients - 1
    begin = time.monotonic()
    console.print(
        f"training data: {plan.patients} + {plan.validation_patients} patients in {plan.data}, {jobs} processes"
    )
    held_out = load(render(plan.data, range(VALIDATION_SEEDS[0], last + 1), console, jobs))
    real = from_disk(plan, console)
    samples = with_foreign(load(render(plan.data, seeds, console, jobs)), real)
    rendered_s = time.monotonic() - begin
    config = TrainConfig(
        epochs=plan.epochs, batch=256, learning_rate=2e-3, weight_decay=0.02, ema_decay=0.997, threads=jobs
    )
    console.print(f"rendered in {rendered_s / 60:.1f} min; training on {len(samples)} images")
    result = train(samples, config, held_out, DEFAULT_SPEC, plan.work, plan.start)
    trained_s = time.monotonic() - begin - rendered_s
    facts = {
        "Training data": f"{len(samples)} images, rendered ones of {len(seeds)} patients, {seeds[0]} to {seeds[-1]}",
        "Validation data": f"{len(held_out)} images of patients {VALIDATION_SEEDS[0]} to {last}",
        "Training config": str(config.as_dict()),
        "Effort": f"{rendered_s / 60:.1f} min rendering, {trained_s / 60:.1f} min training, {jobs} cores",
    }
    if real:
        facts["Real images among them"] = ", ".join(f"{len(part)} of {name}" for name, part in real.items())
    if plan.start is not None:
        facts["Begun from"] = f"{plan.start.name}, SHA-256 `{sha256(plan.start)}`"
    export(plan.model, plan.name, result, DEFAULT_SPEC, samples, held_out, facts)
    total_min = (time.monotonic() - begin) / 60
    console.print(f"trained in {trained_s / 60:.1f} min; model in {plan.model}; all in all {total_min:.1f} min")


def from_disk(plan: TrainingPlan, console: Console) -> dict[str, Samples]:
    """Samples of the data sets that the plan names, by name; raises EchoPilotError when one cannot be read."""
    readers: dict[str, tuple[Path | None, Callable[[Path], Iterator[Sample]]]] = {
        "CAMUS": (plan.camus, read_camus),
        "EchoNet-Dynamic": (plan.echonet, read_echonet),
        "usgra-seg": (plan.usgra, read_usgra),
    }
    parts = {name: stack(read(folder)) for name, (folder, read) in readers.items() if folder is not None}
    if plan.real is not None:
        parts["real_samples"] = stack(read_real(plan.real, console))
    return parts


def with_foreign(rendered: Samples, real: dict[str, Samples]) -> Samples:
    """Rendered images, made-up foreign ones of some of them, and real ones often enough to be learned from."""
    rng = np.random.default_rng(FOREIGN_SEED)
    some = rng.permutation(len(rendered))[: round(FOREIGN_SHARE * len(rendered))]
    images = foreign_images(rendered.image[some], rng)
    unknown = np.full((grid.CELLS, grid.CELLS), UNKNOWN_LABEL, np.uint8)
    made = [stack(Sample(image, unknown, int(View.NONE)) for image in images)] if len(images) else []
    often = round(REAL_SHARE * len(rendered))
    real_parts = [
        part.take(np.resize(np.arange(len(part)), max(len(part), often))) if name == "real_samples" else part
        for name, part in real.items()
    ]
    return join([rendered, *made, *real_parts])
