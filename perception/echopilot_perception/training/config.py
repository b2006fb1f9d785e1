"""How a training run is set up."""

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

    `batch` counts the pictures of one step over all processes; each process works through its share in `accumulate`
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
    precision: str = "auto"  # of the forward pass; training.device
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
        """What a resumed run must share with its beginning: everything but the machine that it runs on."""
        return {k: v for k, v in asdict(self).items() if k not in ("device", "threads", "precision")}
