"""ONNX export that is compared with PyTorch before the file is written."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor, nn

from echopilot_core import EchoPilotError
from echopilot_perception import grid
from echopilot_perception.heads import HEADS
from echopilot_perception.model.echocare import lora
from echopilot_perception.model.echocare.encoder import COLOR_CHANNELS, REFERENCE_CELLS
from echopilot_perception.model.echocare.network import EchoCareNetwork
from echopilot_perception.runtime.onnx import OnnxRuntime

MAX_DIFFERENCE = 1e-3
OPSET = 17
MAPS = ("map0", "map1", "map2", "map3", "map4")


@dataclass(frozen=True)
class ExportReport:
    """An exported file and the largest absolute difference of ONNX Runtime from PyTorch over all outputs."""

    file: str
    bytes: int
    outputs: tuple[str, ...]
    max_difference: float


def export_encoder(encoder: nn.Module, path: Path, cells: int = REFERENCE_CELLS) -> ExportReport:
    """Write image (N, 3, `cells`, `cells`) `image` -> `map0` .. `map4`; see `export_onnx`."""
    return export_onnx(encoder, path, torch.rand(1, COLOR_CHANNELS, cells, cells, generator=_seeded()), MAPS)


def export_network(network: EchoCareNetwork, path: Path, cells: int = grid.IMAGE_CELLS) -> ExportReport:
    """Write image (N, 1, `cells`, `cells`) `image` in 0..1 -> the heads by name; LoRA is merged in place first."""
    lora.merge(network.encoder)
    names = [head.name for head in HEADS]
    return export_onnx(network, path, torch.rand(1, 1, cells, cells, generator=_seeded()), names)


def export_onnx(module: nn.Module, path: Path, example: Tensor, outputs: Sequence[str]) -> ExportReport:
    """Export with a free batch axis and compare with PyTorch on the example and on two images at once.

    `path` is replaced only by a file that agrees within 1e-3. Raises EchoPilotError otherwise, and when `path` is a
    folder.
    """
    if path.is_dir():
        raise EchoPilotError(f"export: {path} is a folder; name a file, for example {path / 'echocare.onnx'}")
    if path.exists() and path.suffix != ".onnx":
        raise EchoPilotError(f"export: {path} exists and is no .onnx file; give another name")
    module.eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        draft = Path(folder) / "model.onnx"
        names = ["image", *outputs]
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # about sizes that we hold fixed; what comes out is compared below
            torch.onnx.export(
                module,
                (example,),
                str(draft),
                input_names=["image"],
                output_names=list(outputs),
                dynamic_axes={name: {0: "batch"} for name in names},
                opset_version=OPSET,
                dynamo=False,
            )
        largest = _largest_difference(module, draft, (example, torch.cat([example, 1.0 - example])))
        if not largest <= MAX_DIFFERENCE:
            raise EchoPilotError(
                f"export: ONNX Runtime differs from PyTorch by {largest:.2g}, at most {MAX_DIFFERENCE:g} is allowed; "
                f"{path.name} was not written"
            )
        os.replace(draft, path)
    return ExportReport(path.name, path.stat().st_size, tuple(outputs), largest)


def _largest_difference(module: nn.Module, file: Path, images: Sequence[Tensor]) -> float:
    gaps = []
    with OnnxRuntime(file, torch.get_num_threads()) as runtime, torch.no_grad():
        for image in images:
            found = runtime.infer(image.numpy()).values()
            for ours, theirs in zip(module(image), found, strict=True):
                gaps.append(float(np.abs(ours.numpy() - theirs).max()))
    return float(np.max(gaps))  # NaN stays NaN


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)
