"""Learning from a teacher: what it says beside, or instead of, the labels (Hinton et al. 2015).

The teacher sees the very pictures that the student sees, changed as they are (Beyer et al. 2022), so pictures without
any label teach as well.
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
    """A teacher and how much it counts.

    `teacher` takes pictures (N, 1, 256, 256) in 0..1 and gives outputs by head name as the network does in evaluation
    mode, without gradients; heads that it leaves out are not taught. `supervised` weighs the labels (0: pictures
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

    `student` holds dense outputs on one lattice; `thin` takes the teacher's whole maps to it. Raises EchoPilotError
    when the teacher's outputs have another size, or when it gives none that can be learned.
    """
    found: dict[str, Tensor] = {}
    for head in HEADS:
        if head.weight <= 0 or head.name in FEATURES or head.name not in teacher:
            continue
        said = student[head.name]
        wanted = teacher[head.name].detach().float()
        wanted = thin(wanted) if head.dense else wanted
        if wanted.shape != said.shape:
            raise EchoPilotError(
                f"distillation: output {head.name} of the teacher has size {tuple(wanted.shape)}, "
                f"the student's is {tuple(said.shape)}"
            )
        far = _divergence(said, wanted, distillation.temperature) if head.name in CLASSES else _distance(said, wanted)
        found[head.name] = distillation.weight * head.weight * far
    if not found:
        raise EchoPilotError(f"distillation: the teacher gives none of {', '.join(h.name for h in HEADS)}")
    return found


def _divergence(said: Tensor, wanted: Tensor, temperature: float) -> Tensor:
    """Mean over pictures and cells of KL(teacher || student) times the square of the temperature."""
    log_p, log_q = (x.movedim(1, -1).div(temperature).log_softmax(dim=-1).flatten(0, -2) for x in (said, wanted))
    divergence: Tensor = functional.kl_div(log_p, log_q, reduction="batchmean", log_target=True)
    return temperature * temperature * divergence


def _distance(said: Tensor, wanted: Tensor) -> Tensor:
    return (said - wanted).square().mean()
