"""Configuration of a training run, and its learning-rate schedule."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from echopilot_core import EchoPilotError, View
from echopilot_perception.heads import GuidanceView, HeadSpec

GUIDANCE_SCALE = (0.03, 0.03, 0.03, 0.4, 0.4, 0.4)  # one unit of the network [m, rad]
DEFAULT_SPEC = HeadSpec(tuple(GuidanceView(view, GUIDANCE_SCALE) for view in View if view is not View.NONE))
CHOICES = {
    "schedule": ("cosine", "poly"),
    "device": ("auto", "cpu", "cuda"),
    "precision": ("auto", "float32", "bfloat16", "float16"),
}


@dataclass(frozen=True)
class TrainConfig:
    """One training run; two runs of one config on the same samples and machine give the same weights.

    `batch` counts the images of one step over all processes; each process works through its share in `accumulate`
    equal parts, whose gradients are averaged.
    """

    epochs: int = 20
    batch: int = 64
    accumulate: int = 1
    learning_rate: float = 2e-3
    schedule: str = "cosine"  # or "poly"; training.schedule
    weight_decay: float = 1e-2
    warmup_steps: int = 100
    ema_decay: float = 0.995
    patience: int = 8  # epochs without a better validation loss before the run ends
    seed: int = 1
    threads: int = 1
    device: str = "auto"
    precision: str = "auto"  # of the forward pass; training.distributed
    augmentation: bool = True

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 2 or self.accumulate < 1 or not 0 < self.ema_decay < 1:
            raise EchoPilotError(
                "training needs epochs >= 1, batch >= 2, accumulate >= 1 and an ema_decay between 0 and 1"
            )
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise EchoPilotError(f"training: {name} is one of {', '.join(choices)}, not {getattr(self, name)}")

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the model card and the checkpoint."""
        return asdict(self)

    def without_place(self) -> dict[str, Any]:
        """Fields that a resumed run must share with its start: all except those of the machine."""
        return {k: v for k, v in asdict(self).items() if k not in ("device", "threads", "precision")}


FINAL_SHARE = 0.01
DECAY_POWER = 0.9


def share(kind: str, step: int, warmup: int, total: int) -> float:
    """Factor of the learning rate at `step` of `total`.

    `kind` "cosine" is half a cosine (Loshchilov & Hutter 2017), "poly" a power of 0.9 of what is left (Chen et al.
    2018), which the public fine-tunings of EchoCare use.
    """
    if step < warmup:
        return (step + 1) / warmup
    done = min((step - warmup) / max(total - warmup, 1), 1.0)
    left = 0.5 * (1.0 + math.cos(math.pi * done)) if kind == "cosine" else float((1.0 - done) ** DECAY_POWER)
    return FINAL_SHARE + (1.0 - FINAL_SHARE) * left
