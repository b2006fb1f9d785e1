"""The two ways in which a head hangs on the backbone."""

from torch import Tensor, nn


class OnDenseShuffled(nn.Module):
    """A 1 x 1 convolution to 4 x `classes` channels, shuffled to twice the resolution (Shi et al. 2016).

    While training, the channels stay unshuffled: channel 4 c + 2 i + j is class c at cells (i::2, j::2), so that the
    loss can look at one of these four lattices per step for a quarter of the cost.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(channels, 4 * classes, 1)
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, dense: Tensor, features: Tensor) -> Tensor:
        output: Tensor = self.layer(dense)
        return output if self.training else self.shuffle(output)


class OnFeatures(nn.Module):
    """Apply `layer` to the feature vector."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, dense: Tensor, features: Tensor) -> Tensor:
        output: Tensor = self.layer(features)
        return output
