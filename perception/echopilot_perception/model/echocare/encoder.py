"""The encoder: MONAI's SwinTransformer in two dimensions with residual convolutions (SwinUNETR-V2, He et al. 2023)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from echopilot_perception.model.echocare.libraries import require_libraries

if TYPE_CHECKING:
    from torch import nn

REFERENCE_CELLS = 256
"""Side of the image that EchoCare's authors run the encoder on."""
WINDOW_CELLS = 8
PATCH_CELLS = 2
COLOR_CHANNELS = 3


@dataclass(frozen=True)
class EncoderShape:
    """Channels after the patch embedding, and blocks and attention heads of the four stages.

    Map k of the encoder has `channels` * 2**k channels and 1 / 2**(k+1) of the image's side.
    """

    channels: int = 128
    depths: tuple[int, int, int, int] = (2, 2, 18, 2)
    heads: tuple[int, int, int, int] = (4, 8, 16, 32)

    def map_channels(self, level: int) -> int:
        """Channels of map `level` (0..4)."""
        return self.channels << level


ECHOCARE = EncoderShape()


def build_encoder(shape: EncoderShape = ECHOCARE) -> nn.Module:
    """Encoder with random weights: image (N, 3, H, W) -> five maps (N, C 2**k, H / 2**(k+1), W / 2**(k+1)), k = 0..4.

    H and W are multiples of 32. Settings from the README of github.com/CAIR-HKISI/EchoCare. Raises EchoPilotError
    when MONAI is missing or older than 1.3.1.
    """
    require_libraries()
    from monai.networks.nets.swin_unetr import SwinTransformer

    encoder: nn.Module = SwinTransformer(
        in_chans=COLOR_CHANNELS,
        embed_dim=shape.channels,
        window_size=(WINDOW_CELLS, WINDOW_CELLS),
        patch_size=(PATCH_CELLS, PATCH_CELLS),
        depths=shape.depths,
        num_heads=shape.heads,
        mlp_ratio=4.0,
        qkv_bias=True,
        spatial_dims=2,
        use_v2=True,
    )
    return encoder
