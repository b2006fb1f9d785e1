"""Backbone of the edge network as an encoder to be pre-trained."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from echopilot_core import EchoPilotError
from echopilot_perception.model.network import CHANNELS, FEATURES, EdgeBackbone
from echopilot_perception.pretraining.encoders.choice import MASK_TOKEN
from echopilot_perception.pretraining.encoders.interface import Encoded, PretrainEncoder, checked_weights
from echopilot_perception.pretraining.masking.patches import enlarged

DEEPEST_CELLS = 4  # of the deepest map, of which the features keep the layout


class EdgeEncoder(PretrainEncoder):
    """`EdgeBackbone` that sees a learned gray level where the image is masked, so that nothing leaks through."""

    dense_channels = CHANNELS[0]
    feature_count = FEATURES

    def __init__(self) -> None:
        super().__init__()
        self.backbone = EdgeBackbone()
        self.mask_token = nn.Parameter(torch.full((1, 1, 1), 0.1))

    def encode(self, image: Tensor, hidden: Tensor | None = None) -> Encoded:
        """See PretrainEncoder; the features of images below 256 are those of a deepest map stretched to 4 x 4."""
        if hidden is not None:
            image = torch.where(enlarged(hidden)[:, None], self.mask_token.to(image.dtype), image)
        dense, deepest = self.backbone.maps(image)
        return Encoded(dense, self.backbone.features(functional.adaptive_avg_pool2d(deepest, DEEPEST_CELLS)))

    def weights(self) -> dict[str, Tensor]:
        """Names are those of `EdgeBackbone`."""
        own = {name: value.detach().cpu() for name, value in self.backbone.state_dict().items()}
        return {**own, MASK_TOKEN: self.mask_token.detach().cpu()}

    def load_weights(self, weights: dict[str, Tensor], where: str) -> None:
        """See PretrainEncoder."""
        own = checked_weights(self.backbone.state_dict(), weights, where)
        token = weights.get(MASK_TOKEN, self.mask_token.detach())
        if token.shape != self.mask_token.shape:
            raise EchoPilotError(f"{where}: mask_token has another shape than {tuple(self.mask_token.shape)}")
        self.backbone.load_state_dict(own)
        with torch.no_grad():
            self.mask_token.copy_(token)
