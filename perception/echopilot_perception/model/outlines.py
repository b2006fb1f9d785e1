"""Features of the image as a whole from its outlines: the structures, their places and how they lie to each other."""

from torch import Tensor, nn
from torch.nn import functional

from echopilot_core import SegmentationClass

CLASSES = len(SegmentationClass)
CHANNELS = (32, 48, 48)  # at 32, 16 and 8 cells
LAYOUT = 4  # cells a side of the layout that the last layer sees


class OutlineFeatures(nn.Module):
    """Logits of the segmentation head -> an addition (N, F) to the feature vector; zero when initialized.

    Outlines change less from scanner to scanner than gray values do. No gradient passes through them: they are drawn to
    be outlines.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        inputs = (CLASSES, *CHANNELS[:-1])
        self.layers = nn.Sequential(*(_half(a, b) for a, b in zip(inputs, CHANNELS, strict=True)))
        self.last = nn.Linear(CHANNELS[-1] * LAYOUT**2, features)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, logits: Tensor) -> Tensor:
        """`logits` are (N, C, 128, 128), or (N, 4 C, 64, 64) while training: `heads.layers.OnDenseShuffled`."""
        logits = logits.detach()
        unshuffled = logits.shape[1] != CLASSES
        halved = logits.unflatten(1, (CLASSES, 4)).mean(dim=2) if unshuffled else functional.avg_pool2d(logits, 2)
        found = functional.avg_pool2d(self.layers(halved.softmax(dim=1)), 2)
        added: Tensor = self.last(found.flatten(1))
        return added


def _half(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )
