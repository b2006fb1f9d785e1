"""How a training run is set up."""

from dataclasses import asdict, dataclass
from typing import Any

from echopilot_core import EchoPilotError, View
from echopilot_perception.heads import GuidanceView, HeadSpec

GUIDANCE_SCALE = (0.03, 0.03, 0.03, 0.4, 0.4, 0.4)  # one unit of the network [m, rad]
DEFAULT_SPEC = HeadSpec((GuidanceView(View.A4C, GUIDANCE_SCALE), GuidanceView(View.AORTA_TRANS, GUIDANCE_SCALE)))


@dataclass(frozen=True)
class TrainConfig:
    """One training run; two runs of one config on the same samples and machine give the same weights."""

    epochs: int = 20
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    warmup_steps: int = 100
    ema_decay: float = 0.995
    patience: int = 8  # epochs without a better validation loss before the run ends
    seed: int = 1
    threads: int = 1
    bfloat16: bool = True  # forward pass in bfloat16 (matrix units of recent processors)
    augmentation: bool = True

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 2 or not 0 < self.ema_decay < 1:
            raise EchoPilotError("training needs epochs >= 1, batch >= 2 and an ema_decay between 0 and 1")

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the model card and the checkpoint."""
        return asdict(self)
