"""Swin encoder in EchoCare's key layout with its `mask_token`, as an encoder to be pre-trained.

In full size the saved file has EchoCare's 358 names and `mask_token`: MONAI loads it strictly.
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from echopilot_core import EchoPilotError
from echopilot_perception.model.echocare import lora
from echopilot_perception.model.echocare.encoder import COLOR_CHANNELS, EncoderShape, build_encoder
from echopilot_perception.pretraining.encoders.choice import MASK_TOKEN, EncoderChoice
from echopilot_perception.pretraining.encoders.interface import Encoded, PretrainEncoder, checked_weights

LEVELS = (1, 2, 3, 4)  # maps of the encoder from a quarter of the side on
TOKEN_DEVIATION = 0.02


def swin_shape(choice: EncoderChoice) -> EncoderShape:
    """Size of the encoder; raises EchoPilotError for one that cannot be built."""
    depths, heads = tuple(choice.depths), tuple(choice.heads)
    if len(depths) != 4 or len(heads) != 4 or min(*depths, *heads, choice.channels) < 1:
        raise EchoPilotError("pre-training: swin needs four depths and four heads, and channels of 1 or more")
    for level, count in enumerate(heads):
        if (choice.channels << level) % count:
            raise EchoPilotError(
                f"pre-training: {count} heads do not divide {choice.channels << level} channels of stage {level + 1}"
            )
    return EncoderShape(choice.channels, (depths[0], depths[1], depths[2], depths[3]), (heads[0], *heads[1:]))


class SwinEncoder(PretrainEncoder):
    """MONAI's encoder; the token stands in place of the embedding of every masked patch of 2 x 2 cells (SimMIM).

    The dense map is the sum of all maps, each projected to the width of the first one and enlarged to a quarter of the
    side (Lin et al. 2017, arXiv 1612.03144); the features are the mean of the last map.
    """

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.encoder = build_encoder(shape)
        self.mask_token = nn.Parameter(TOKEN_DEVIATION * torch.randn(1, 1, shape.channels))
        self.dense_channels = shape.channels
        self.feature_count = shape.map_channels(LEVELS[-1])
        self.project = nn.ModuleList(nn.Conv2d(shape.map_channels(level), shape.channels, 1) for level in LEVELS)

    def encode(self, image: Tensor, hidden: Tensor | None = None) -> Encoded:
        """See PretrainEncoder."""
        colors = image.expand(-1, COLOR_CHANNELS, -1, -1)
        if hidden is None:
            maps = self.encoder(colors)
        else:
            handle = self.encoder.patch_embed.register_forward_hook(self._hiding(hidden))
            try:
                maps = self.encoder(colors)
            finally:
                handle.remove()
        side = image.shape[-1] // 4
        dense = torch.zeros((), device=image.device)
        for level, project in zip(LEVELS, self.project, strict=True):
            dense = dense + functional.interpolate(project(maps[level]), (side, side), mode="nearest")
        return Encoded(dense, maps[LEVELS[-1]].mean(dim=(2, 3)))

    def _hiding(self, hidden: Tensor) -> Any:
        def hide(module: nn.Module, given: Any, embedded: Tensor) -> Tensor:
            token = self.mask_token.to(embedded.dtype).view(1, -1, 1, 1)
            return torch.where(hidden[:, None], token, embedded)

        return hide

    def adapt(self, rank: int) -> None:
        """See PretrainEncoder; the token and the projections are learned as before."""
        lora.adapt(self.encoder, rank)

    def weights(self) -> dict[str, Tensor]:
        """Names are EchoCare's, low-rank updates folded in; the projections of pre-training are not among them."""
        encoder = copy.deepcopy(self.encoder)
        lora.merge(encoder)
        own = {name: value.detach().cpu() for name, value in encoder.state_dict().items()}
        return {**own, MASK_TOKEN: self.mask_token.detach().cpu()}

    def load_weights(self, weights: dict[str, Tensor], where: str) -> None:
        """See PretrainEncoder; a token of another shape with as many values is taken."""
        own = checked_weights(self.encoder.state_dict(), weights, where)
        token = weights.get(MASK_TOKEN, self.mask_token.detach())
        if token.numel() != self.mask_token.numel():
            raise EchoPilotError(f"{where}: mask_token holds {token.numel()} values, not {self.mask_token.numel()}")
        self.encoder.load_state_dict(own)
        with torch.no_grad():
            self.mask_token.copy_(token.reshape(self.mask_token.shape))
