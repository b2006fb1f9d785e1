"""The encoder: MONAI's SwinTransformer in two dimensions with residual convolutions (SwinUNETR-V2, He et al. 2023)."""

from torch import nn

from echopilot_perception.model.echocare.libraries import require_libraries
from echopilot_perception.model.echocare.shape import COLOURS, ECHOCARE, PATCH_CELLS, WINDOW_CELLS, EncoderShape


def build_encoder(shape: EncoderShape = ECHOCARE) -> nn.Module:
    """Encoder with random weights: picture (N, 3, H, W) -> five maps (N, C 2**k, H / 2**(k+1), W / 2**(k+1)), k = 0..4.

    H and W are multiples of 32. Settings from the README of github.com/CAIR-HKISI/EchoCare. Raises EchoPilotError
    when MONAI is missing or older than 1.3.1.
    """
    require_libraries()
    from monai.networks.nets.swin_unetr import SwinTransformer

    encoder: nn.Module = SwinTransformer(
        in_chans=COLOURS,
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
