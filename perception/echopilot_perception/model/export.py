"""Export of a training result to a model folder."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from echopilot_core import EchoPilotError, View
from echopilot_perception import grid
from echopilot_perception.heads import HEADS, HeadSpec
from echopilot_perception.model.calibrate import calibrate
from echopilot_perception.model.manifest import read_manifest, sha256, write_manifest
from echopilot_perception.model.model_card import model_card
from echopilot_perception.model.quantize import quantize
from echopilot_perception.runtime.onnx import OnnxRuntime
from echopilot_perception.training import checkpoint
from echopilot_perception.training.augmentation import augmented
from echopilot_perception.training.batches import on_device, tensors
from echopilot_perception.training.foreign import foreign_images
from echopilot_perception.training.loop import TrainResult
from echopilot_perception.training.out_of_distribution import fit, save
from echopilot_perception.training.samples import UNKNOWN_VIEW, Samples, join

MAX_ONNX_BYTES = 10_000_000
MAX_CHECKPOINT_BYTES = 5_000_000
MAX_DIFFERENCE = 1e-2
MAX_IMAGES = 3000  # for the statistics of in-distribution images
CALIBRATION_IMAGES = 256  # for INT8
FOREIGN_SEED = 1
BATCH = 64


def export(
    folder: Path,
    name: str,
    result: TrainResult,
    spec: HeadSpec,
    train: Samples,
    validation: Samples,
    facts: Mapping[str, str],
) -> None:
    """Write model.onnx, model_int8.onnx, ood.npz, checkpoint.pt, model.yaml and MODEL_CARD.md.

    The heads' uncertainties are calibrated on `validation` first. `facts` (title -> text) go into the card
    beside the figures, which are measured here on `validation`. Raises EchoPilotError when ONNX Runtime and PyTorch
    disagree or a file is too large.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        draft = Path(temporary)
        network = result.network.eval()
        calibration = calibrate(network, validation)
        write_onnx(network, draft / "model.onnx")
        shown = [rows.take(_that_show_a_view(rows)) for rows in (train, validation)]
        foreign = replace(shown[0], image=foreign_images(shown[0].image, np.random.default_rng(FOREIGN_SEED)))
        foreign = join([foreign, train.take(np.nonzero(_is_real(train) & (train.view == View.NONE))[0])])
        save(draft / "ood.npz", fit(*(_features(network, rows) for rows in (*shown, foreign))))
        quantize(draft / "model.onnx", shown[0].image[:CALIBRATION_IMAGES], draft / "model_int8.onnx")
        state = {**result.state, "best": network.state_dict()}
        checkpoint.save(draft / "checkpoint.pt", checkpoint.to_fp16(state))
        _check(network, draft, validation)
        write_manifest(draft, name, spec)
        facts = {**facts, "Temperature folded into the view head": f"{calibration.temperature:.3f}"}
        for head in ("guidance", "sizes"):
            factors = ", ".join(f"{factor:.2f}" for factor in getattr(calibration, head))
            facts[f"Factors folded into the sigmas of {head}"] = factors
        (draft / "MODEL_CARD.md").write_text(
            model_card(draft, name, result, validation, facts, sha256(draft / "model.onnx"))
        )
        folder.mkdir(exist_ok=True)
        for file in ("model.onnx", "model_int8.onnx", "ood.npz", "checkpoint.pt", "MODEL_CARD.md", "model.yaml"):
            os.replace(draft / file, folder / file)
    read_manifest(folder)


def write_onnx(network: nn.Module, path: Path) -> None:
    """Export with a free batch axis."""
    names = [head.name for head in HEADS]
    example = torch.zeros(1, 1, grid.IMAGE_CELLS, grid.IMAGE_CELLS)
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


def _that_show_a_view(rows: Samples) -> NDArray[np.int64]:
    """Indices of images that show a view, evenly picked; real ones, which are few, all."""
    shown = (rows.view != View.NONE) & (rows.view != UNKNOWN_VIEW)
    keep = np.nonzero(shown & ~_is_real(rows))[0]
    keep = keep if len(keep) > 1 else np.arange(len(rows))
    return np.concatenate([keep[:: -(-len(keep) // MAX_IMAGES)], np.nonzero(shown & _is_real(rows))[0]])


def _is_real(rows: Samples) -> NDArray[np.bool_]:
    """Whether images (N,) are none that were rendered: those have a quality."""
    return np.isnan(rows.quality)


def _features(network: nn.Module, rows: Samples) -> NDArray[np.float64]:
    """Embeddings (N, D) of images in the styles of many scanners."""
    parts = []
    with torch.no_grad():
        for at in range(0, len(rows), BATCH):
            batch = on_device(tensors(rows.take(np.arange(at, min(at + BATCH, len(rows))))), torch.device("cpu"))
            image = augmented(batch, torch.Generator().manual_seed(at))["image"]
            parts.append(network(image)[-1].numpy().astype(np.float64))
    return np.concatenate(parts)


def _check(network: nn.Module, folder: Path, validation: Samples) -> None:
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
