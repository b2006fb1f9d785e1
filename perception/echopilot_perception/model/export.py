"""From a training result to a model folder that can be shipped."""

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from echopilot_core import EchoPilotError
from echopilot_perception import grid, ood
from echopilot_perception.heads import HEADS, HeadSpec
from echopilot_perception.model.card import model_card
from echopilot_perception.model.manifest import read_manifest, sha256, write_manifest
from echopilot_perception.model.network import Network
from echopilot_perception.runtime.onnx import OnnxRuntime
from echopilot_perception.training import checkpoint
from echopilot_perception.training.loop import TrainResult
from echopilot_perception.training.samples import Samples

MAX_ONNX_BYTES = 10_000_000
MAX_CHECKPOINT_BYTES = 5_000_000
MAX_DIFFERENCE = 1e-2


def export(
    folder: Path,
    name: str,
    result: TrainResult,
    spec: HeadSpec,
    train: Samples,
    validation: Samples,
    facts: Mapping[str, str],
) -> None:
    """Write model.onnx, ood.json, checkpoint.pt, model.yaml and MODEL_CARD.md.

    `facts` (title -> text) go into the card beside the figures, which are measured here with ONNX Runtime on
    `validation`. Raises EchoPilotError when ONNX Runtime and PyTorch disagree or a file is too large.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as draft:
        _write(Path(draft), name, result, spec, train, validation, facts)
        folder.mkdir(exist_ok=True)
        for file in ("model.onnx", "ood.json", "checkpoint.pt", "MODEL_CARD.md", "model.yaml"):
            os.replace(Path(draft) / file, folder / file)
    read_manifest(folder)


def _write(
    folder: Path,
    name: str,
    result: TrainResult,
    spec: HeadSpec,
    train: Samples,
    validation: Samples,
    facts: Mapping[str, str],
) -> None:
    network = result.network.eval()
    write_onnx(network, folder / "model.onnx")
    features = [_features(network, rows) for rows in (train, validation)]
    ood.save(folder / "ood.json", ood.fit(features[0], features[1]))
    checkpoint.save(folder / "checkpoint.pt", checkpoint.to_half(result.state))
    _check(network, folder, validation)
    write_manifest(folder, name, spec)
    (folder / "MODEL_CARD.md").write_text(
        model_card(folder, name, result, validation, facts, sha256(folder / "model.onnx"))
    )


def write_onnx(network: Network, path: Path) -> None:
    """Export with a free batch axis."""
    names = [head.name for head in HEADS]
    example = torch.zeros(1, 1, grid.CELLS, grid.CELLS)
    partial = path.with_suffix(".partial")
    torch.onnx.export(
        network.to(memory_format=torch.contiguous_format),
        (example,),
        str(partial),
        input_names=["image"],
        output_names=names,
        dynamic_axes={name: {0: "batch"} for name in ["image", *names]},
        opset_version=17,
        dynamo=False,
    )
    os.replace(partial, path)


def _features(network: Network, rows: Samples, limit: int = 1500) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Embeddings of well-coupled pictures, evenly picked."""
    keep = np.nonzero(rows.coupling.mean(axis=1) > 0.5)[0]
    keep = keep if len(keep) > 1 else np.arange(len(rows))
    keep = keep[:: max(len(keep) // limit, 1)]
    parts = []
    with torch.no_grad():
        for at in range(0, len(keep), 64):
            image = torch.from_numpy(rows.image[keep[at : at + 64]]).float()[:, None] / 255.0
            parts.append(network(image)[-1].numpy().astype(np.float64))
    return np.concatenate(parts)


def _check(network: Network, folder: Path, validation: Samples) -> None:
    images = validation.image[:16].astype(np.float32)[:, None] / 255.0
    with torch.no_grad():
        expected = network(torch.from_numpy(images))
    with OnnxRuntime(folder / "model.onnx") as runtime:
        found = runtime.infer(images)
    for head, output in zip(HEADS, expected, strict=True):
        gap = float(np.abs(output.numpy() - found[head.name]).max())
        if not gap < MAX_DIFFERENCE:
            raise EchoPilotError(f"export: ONNX Runtime differs from PyTorch by {gap} in output {head.name}")
    for name, limit in (("model.onnx", MAX_ONNX_BYTES), ("checkpoint.pt", MAX_CHECKPOINT_BYTES)):
        size = (folder / name).stat().st_size
        if size > limit:
            raise EchoPilotError(f"export: {name} has {size} bytes, at most {limit} are allowed")
