"""`make train`: render patients, train the edge network, measure it, export it."""

import multiprocessing
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from echopilot_lab.rendered import VALIDATION_SEEDS, load, render
from echopilot_perception.model.manifest import SHIPPED, sha256


@dataclass(frozen=True)
class Plan:
    """Size of one training run; the default takes about three and a half hours on two cores, half an hour of it
    rendering. An hour and a half is enough with `start` a checkpoint of echopilot-edge and 8 epochs."""

    patients: int = 700
    first_patient: int = 1000
    validation_patients: int = 16
    epochs: int = 20
    name: str = "echopilot-edge-0.3"
    data: Path = Path(".cache/rendered/v3")
    work: Path = Path("out/train/edge")
    model: Path = SHIPPED
    start: Path | None = None  # checkpoint.pt to begin from


def train_model(console: Console, plan: Plan = Plan()) -> None:
    """Do all of it, going on where an interrupted run stopped. Raises EchoPilotError with one line."""
    from echopilot_perception.model.export import export  # needs torch
    from echopilot_perception.model.grow import grow
    from echopilot_perception.training import DEFAULT_SPEC, TrainConfig
    from echopilot_perception.training.loop import train

    jobs = max(multiprocessing.cpu_count(), 1)
    begin = time.monotonic()
    console.print(
        f"training data: {plan.patients} + {plan.validation_patients} patients in {plan.data}, {jobs} processes"
    )
    held_out = load(render(plan.data, VALIDATION_SEEDS[0], plan.validation_patients, console, jobs))
    samples = load(render(plan.data, plan.first_patient, plan.patients, console, jobs))
    rendered_s = time.monotonic() - begin
    config = TrainConfig(epochs=plan.epochs, learning_rate=1.5e-3, warmup_steps=150, ema_decay=0.997, threads=jobs)
    console.print(f"rendered in {rendered_s / 60:.1f} min; training on {len(samples)} pictures")
    result = train(samples, config, held_out, DEFAULT_SPEC, plan.work, plan.start, load=grow)
    trained_s = time.monotonic() - begin - rendered_s
    last_train = plan.first_patient + plan.patients - 1
    last = VALIDATION_SEEDS[0] + plan.validation_patients - 1
    facts = {
        "Training data": f"{len(samples)} rendered pictures, patients {plan.first_patient} to {last_train}",
        "Validation data": f"{len(held_out)} pictures of patients {VALIDATION_SEEDS[0]} to {last}",
        "Training config": str(config.as_dict()),
        "Effort": f"{rendered_s / 60:.1f} min rendering, {trained_s / 60:.1f} min training, {jobs} cores",
    }
    if plan.start is not None:
        facts["Begun from"] = f"{plan.start.name}, SHA-256 `{sha256(plan.start)}`"
    export(plan.model, plan.name, result, DEFAULT_SPEC, samples, held_out, facts)
    total_min = (time.monotonic() - begin) / 60
    console.print(f"trained in {trained_s / 60:.1f} min; model in {plan.model}; all in all {total_min:.1f} min")
