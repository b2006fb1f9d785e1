"""Export of a training result to a model folder."""

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from echopilot_core import EchoPilotError
from echopilot_perception import grid
from echopilot_perception.heads import HEADS, HeadSpec
from echopilot_perception.model.calibrate import calibrate
from echopilot_perception.model.manifest import read_manifest, sha256, write_manifest
from echopilot_perception.model.model_card import model_card
from echopilot_perception.model.quantize import quantize
from echopilot_perception.runtime.onnx import OnnxRuntime
from echopilot_perception.training import checkpoint
from echopilot_perception.training.loop import TrainResult
from echopilot_perception.training.out_of_distribution import fit, outliers, save
from echopilot_perception.training.samples import Samples

MAX_ONNX_BYTES = 10_000_000
MAX_CHECKPOINT_BYTES = 5_000_000
MAX_DIFFERENCE = 1e-2
MIN_COUPLING = 0.5
MAX_IMAGES = 3000  # for the statistics of in-distribution images
CALIBRATION_IMAGES = 256  # for INT8
OUTLIER_SEED = 1
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
        in_distribution = [rows.image[_well_coupled(rows)] for rows in (train, validation)]
        outlier_images = outliers(in_distribution[0], np.random.default_rng(OUTLIER_SEED))
        save(draft / "ood.npz", fit(*(_features(network, images) for images in (*in_distribution, outlier_images))))
        quantize(draft / "model.onnx", in_distribution[0][:CALIBRATION_IMAGES], draft / "model_int8.onnx")
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


def _well_coupled(rows: Samples) -> NDArray[np.int64]:
    """Indices of well-coupled images, evenly picked."""
    keep = np.nonzero(rows.coupling.mean(axis=1) > MIN_COUPLING)[0]
    keep = keep if len(keep) > 1 else np.arange(len(rows))
    return np.asarray(keep[:: -(-len(keep) // MAX_IMAGES)], np.int64)


def _features(network: nn.Module, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Embeddings (N, D) of images (N, 256, 256) uint8."""
    parts = []
    with torch.no_grad():
        for at in range(0, len(images), BATCH):
            image = torch.from_numpy(images[at : at + BATCH]).float()[:, None] / 255.0
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
