"""`make train`: render patients, train the edge network, measure it, export it."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from echopilot_lab.datasets.training_shards import VALIDATION_SEEDS, load, render, training_seeds
from echopilot_perception.model.manifest import SHIPPED, sha256
from echopilot_perception.training import Sample, Samples, join, stack
from echopilot_perception.training.readers import read_camus, read_echonet, read_usgra


@dataclass(frozen=True)
class TrainingPlan:
    """Size of one training run; the default takes about 10 minutes with a GPU and 16 cores, and half a day on two.

    With `start` the shipped checkpoint.pt, 3 epochs are an hour on two cores, a third of it rendering.
    """

    patients: int = 500
    first_patient: int = 2000
    validation_patients: int = 24
    epochs: int = 40
    name: str = "echopilot-edge-0.5"
    data: Path = Path(".cache/rendered/v5")
    work: Path = Path("out/train/edge")
    model: Path = SHIPPED
    start: Path | None = None  # checkpoint.pt to begin from
    camus: Path | None = None  # folders of public data sets that join the rendered images
    echonet: Path | None = None
    usgra: Path | None = None


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
    real = from_disk(plan)
    samples = join([load(render(plan.data, seeds, console, jobs)), *real.values()])
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


def from_disk(plan: TrainingPlan) -> dict[str, Samples]:
    """Samples of the data sets that the plan names, by name; raises EchoPilotError when one cannot be read."""
    readers: dict[str, tuple[Path | None, Callable[[Path], Iterator[Sample]]]] = {
        "CAMUS": (plan.camus, read_camus),
        "EchoNet-Dynamic": (plan.echonet, read_echonet),
        "usgra-seg": (plan.usgra, read_usgra),
    }
    return {name: stack(read(folder)) for name, (folder, read) in readers.items() if folder is not None}
