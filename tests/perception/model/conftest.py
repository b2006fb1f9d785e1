"""A made checkpoint of EchoCare's exact layout, and an encoder of the same build that is small."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from echopilot_perception.model.echocare import EncoderShape


@pytest.fixture(scope="session", autouse=True)
def _libraries() -> None:
    for name in ("torch", "monai", "einops"):
        pytest.importorskip(name, reason="the training extra is not installed")


@pytest.fixture(scope="session")
def tiny() -> EncoderShape:
    """Shifted windows in the first stage alone."""
    return EncoderShape(16, (2, 1, 1, 1), (1, 2, 4, 8))


@pytest.fixture(scope="session")
def window_index() -> Any:
    """Place in the bias table of each pair of the 8 x 8 cells of a window (Liu et al. 2021, equation 4)."""
    import torch

    rows, columns = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    down = rows.flatten()[:, None] - rows.flatten()[None, :] + 7
    right = columns.flatten()[:, None] - columns.flatten()[None, :] + 7
    return 15 * down + right


@pytest.fixture(scope="session")
def make_state(window_index: Any) -> Callable[[EncoderShape], dict[str, Any]]:
    """State dict in float16 with the published keys, written down here and not asked from MONAI.

    All weights are windows into one block of noise, which PyTorch stores once: the file stays small.
    """
    import torch

    noise = 0.02 * torch.randn(2**24, generator=torch.Generator().manual_seed(3)).half()

    def weight(*shape: int) -> Any:
        return noise[: torch.Size(shape).numel()].view(shape)

    def build(shape: EncoderShape) -> dict[str, Any]:
        c = shape.channels
        state = {
            "mask_token": weight(1, 1, c),
            "patch_embed.proj.weight": weight(c, 3, 2, 2),
            "patch_embed.proj.bias": weight(c),
        }
        for n, (depth, heads) in enumerate(zip(shape.depths, shape.heads, strict=True), start=1):
            c = shape.channels * 2 ** (n - 1)
            for b in range(depth):
                block = f"layers{n}.0.blocks.{b}"
                for norm in ("norm1", "norm2"):
                    state[f"{block}.{norm}.weight"], state[f"{block}.{norm}.bias"] = weight(c), weight(c)
                state[f"{block}.attn.relative_position_bias_table"] = weight(225, heads)
                state[f"{block}.attn.relative_position_index"] = window_index
                linear = {"attn.qkv": (3 * c, c), "attn.proj": (c, c)}
                linear |= {"mlp.linear1": (4 * c, c), "mlp.linear2": (c, 4 * c)}
                for name, (outputs, inputs) in linear.items():
                    state[f"{block}.{name}.weight"] = weight(outputs, inputs)
                    state[f"{block}.{name}.bias"] = weight(outputs)
            down = f"layers{n}.0.downsample"
            state[f"{down}.norm.weight"], state[f"{down}.norm.bias"] = weight(4 * c), weight(4 * c)
            state[f"{down}.reduction.weight"] = weight(2 * c, 4 * c)
            for k in (1, 2):
                state[f"layers{n}c.0.layer.conv{k}.conv.weight"] = weight(c, c, 3, 3)
        return state

    return build


@pytest.fixture
def save(tmp_path: Path) -> Callable[[object], Path]:
    """Write anything as a checkpoint."""
    import torch

    def write(content: object) -> Path:
        path = tmp_path / "file.pth"
        torch.save(content, path)
        return path

    return write
