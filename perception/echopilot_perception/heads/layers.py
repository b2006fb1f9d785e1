"""The two ways in which a head hangs on the backbone."""

from torch import Tensor, nn


class OnDense(nn.Module):
    """Apply `layer` to the dense map."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, dense: Tensor, features: Tensor) -> Tensor:
        output: Tensor = self.layer(dense)
        return output


class OnFeatures(nn.Module):
    """Apply `layer` to the feature vector."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, dense: Tensor, features: Tensor) -> Tensor:
        output: Tensor = self.layer(features)
        return output
