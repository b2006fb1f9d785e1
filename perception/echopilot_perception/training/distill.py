"""Distillation: losses on a teacher's outputs beside, or instead of, the labels (Hinton et al. 2015).

The teacher is given the same augmented images as the student (Beyer et al. 2022), so images without labels can be used
as well.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from echopilot_core import EchoPilotError
from echopilot_perception.heads import HEADS

Teacher = Callable[[Tensor], Mapping[str, Tensor]]
CLASSES = ("segmentation", "view")  # logits of which one is right
FEATURES = ("embedding",)  # of each network's own length and meaning


@dataclass(frozen=True)
class Distillation:
    """A teacher and the weights of its losses.

    `teacher` takes images (N, 1, 256, 256) in 0..1 and gives outputs by head name as the network does in evaluation
    mode, without gradients; heads that it omits are not distilled. `supervised` weighs the labels (0: images
    without labels), `weight` the teacher.
    """

    teacher: Teacher
    temperature: float = 2.0
    weight: float = 1.0
    supervised: float = 1.0

    def __post_init__(self) -> None:
        if not self.temperature > 0 or not self.weight > 0 or not self.supervised >= 0:
            raise EchoPilotError("distillation needs temperature > 0, weight > 0 and supervised >= 0")


def distilled(
    student: Mapping[str, Tensor],
    teacher: Mapping[str, Tensor],
    thin: Callable[[Tensor], Tensor],
    distillation: Distillation,
) -> dict[str, Tensor]:
    """Weighted loss by head name: KL divergence at a temperature for classes, mean square difference for the others.

    `student` holds dense outputs on one lattice; `thin` samples the teacher's full maps on it. Raises EchoPilotError
    when the teacher's outputs have another size, or when it gives none that can be learned.
    """
    found: dict[str, Tensor] = {}
    for head in HEADS:
        if head.weight <= 0 or head.name in FEATURES or head.name not in teacher:
            continue
        predicted = student[head.name]
        target = teacher[head.name].detach().float()
        target = thin(target) if head.dense else target
        if target.shape != predicted.shape:
            raise EchoPilotError(
                f"distillation: output {head.name} of the teacher has size {tuple(target.shape)}, "
                f"the student's is {tuple(predicted.shape)}"
            )
        far = (
            _divergence(predicted, target, distillation.temperature)
            if head.name in CLASSES
            else _distance(predicted, target)
        )
        found[head.name] = distillation.weight * head.weight * far
    if not found:
        raise EchoPilotError(f"distillation: the teacher gives none of {', '.join(h.name for h in HEADS)}")
    return found


def _divergence(predicted: Tensor, target: Tensor, temperature: float) -> Tensor:
    """Mean over images and cells of KL(teacher || student) times the square of the temperature."""
    log_p, log_q = (x.movedim(1, -1).div(temperature).log_softmax(dim=-1).flatten(0, -2) for x in (predicted, target))
    divergence: Tensor = functional.kl_div(log_p, log_q, reduction="batchmean", log_target=True)
    return temperature * temperature * divergence


def _distance(predicted: Tensor, target: Tensor) -> Tensor:
    return (predicted - target).square().mean()
