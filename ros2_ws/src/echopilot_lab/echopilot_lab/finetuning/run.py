"""`echopilot finetune`: labels of a folder into samples, the training, and the model folder that the graph runs."""

import hashlib
import importlib.util
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from echopilot_core import EchoPilotError
from echopilot_core.guarded.json_input import read_json
from echopilot_exam.record.files import replace_file
from echopilot_lab.finetuning.label_sources import read_labels
from echopilot_lab.util.owned_files import claim
from echopilot_perception.finetuning.known_labels import known_spec
from echopilot_perception.finetuning.labels.class_names import parse_class_names
from echopilot_perception.finetuning.labels.labeled_images import split_by_patient
from echopilot_perception.finetuning.task_heads import task_head
from echopilot_perception.model.manifest import sha256

MODEL, WORK, STATE = "model", "work", "finetune.json"
BATCHES = (4, 16)  # images of a step: a quarter of all, within these limits
LEAST_EPOCHS, LEAST_STEPS = 20, 400  # where no number of epochs is given
LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class FinetunePlan:
    """One fine-tuning; `classes` are choices CLASS=VALUE, `start` None begins with random weights.

    `epochs` None: LEAST_EPOCHS, or as many as make LEAST_STEPS steps of few images.
    """

    task: str
    labels: Path
    out: Path
    start: Path | None = None
    classes: tuple[str, ...] = ()
    epochs: int | None = None
    seed: int = 1
    name: str = ""
    threads: int = 1


def run_finetuning(plan: FinetunePlan, console: Console) -> dict[str, Any]:
    """Fine-tune and write the model folder `OUT/model`; an interrupted run in `out` goes on.

    Gives the figures on images held out. Raises EchoPilotError with one line.
    """
    task = task_head(plan.task)
    names = parse_class_names(plan.classes)
    if importlib.util.find_spec("torch") is None:
        raise EchoPilotError("fine-tuning needs PyTorch, which is not installed: pip install 'echopilot[train]'")
    from echopilot_perception.finetuning.starting_network import starting_network
    from echopilot_perception.finetuning.task_model import write_task_model
    from echopilot_perception.training import TrainConfig
    from echopilot_perception.training.loop import evaluate, train

    begin = starting_network(plan.start)
    images = read_labels(task, plan.labels, names, console)
    samples, validation, held_out = split_by_patient(images, plan.seed)
    spec = known_spec(task, samples)
    claim(plan.out, (MODEL, WORK, STATE))
    _go_on_or_begin(plan)
    if names.others:
        console.print(
            f"note: what is background besides black: {', '.join(names.others)}", highlight=False, soft_wrap=True
        )
    batch = min(max(len(samples) // 4, BATCHES[0]), BATCHES[1])
    epochs = plan.epochs or max(LEAST_EPOCHS, -(-LEAST_STEPS // max(len(samples) // batch, 1)))
    config = TrainConfig(
        epochs=epochs,
        batch=batch,
        learning_rate=LEARNING_RATE,
        schedule="poly",
        warmup_steps=10,
        ema_decay=0.98,
        patience=epochs,  # of few images held out: their loss moves too much to stop by it
        seed=plan.seed,
        threads=plan.threads,
    )
    console.print(
        f"{len(samples)} images to learn from, {len(validation)} of {len(held_out)} patients held out; "
        f"from {begin.about}",
        highlight=False,
        soft_wrap=True,
    )
    result = train(
        samples, config, validation, folder=plan.out / WORK, network=begin.make, groups=begin.groups, console=console
    )
    figures = {k: v for k, v in evaluate(result.network, validation).items() if k.startswith(task.metric)}
    model = plan.out / MODEL
    name = plan.name or f"finetuned-{task.name}"
    facts = {
        "Task": f"{task.name}: {task.about}",
        "Labels": f"{len(samples)} images to learn from, {len(validation)} held out of patients apart",
        "Begun from": begin.about,
        "Training config": str(config.as_dict()),
        "Measured on the images held out": ", ".join(f"{k} {v:.3f}" for k, v in figures.items())
        or "nothing to measure",
        "What it has no head for": "stays unknown in its results; an exam ends at once and says so",
    }
    write_task_model(model, name, result.network, task, spec, validation, facts)
    console.print(f"model in {model}: heads {task.head}", highlight=False, soft_wrap=True)
    return {
        "task": task.name,
        "model": str(model),
        "model_id": name,
        "heads": [task.head],
        "classes": [c.name for c in spec.classes] if task.head == "segmentation" else [],
        "begun_from": begin.about,
        "images": len(samples),
        "held_out": {"images": len(validation), "patients": len(held_out), **figures},
        "epochs": len(result.history),
    }


def _go_on_or_begin(plan: FinetunePlan) -> None:
    """Refuse to go on with a run of other labels, another start or other settings."""
    files = sorted(path for path in plan.labels.rglob("*") if path.is_file())
    stats = [(str(path.relative_to(plan.labels)), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    identity = {
        **{k: v for k, v in asdict(plan).items() if k in ("task", "classes", "epochs", "seed")},
        "classes": list(plan.classes),
        "labels": hashlib.sha256(json.dumps(stats).encode()).hexdigest(),
        "start": None if plan.start is None else sha256(plan.start),
    }
    path = plan.out / STATE
    if path.exists() and (plan.out / WORK).exists():
        before = read_json(path, f"{plan.out.name}/{STATE}")
        told = before if isinstance(before, dict) else {}
        changed = [key for key in identity if told.get(key) != identity[key]]
        if changed:
            raise EchoPilotError(f"the run in {plan.out} differs in {', '.join(changed)}; give another --out")
    replace_file(path, (json.dumps(identity, indent=1) + "\n").encode())
