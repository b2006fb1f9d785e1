"""The model folder of a fine-tuned network: one head, with the classes that its labels had."""

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor, nn

from echopilot_core import EchoPilotError
from echopilot_perception.finetuning.task_heads import TaskHead
from echopilot_perception.heads import HEADS, HeadSpec
from echopilot_perception.model.echocare.export import export_onnx
from echopilot_perception.model.manifest import ONNX_FILE, read_manifest, sha256, write_manifest
from echopilot_perception.model.model_card import WARNING, without_folders
from echopilot_perception.runtime.onnx import OnnxRuntime
from echopilot_perception.training.samples import Samples

FILES = (ONNX_FILE, "MODEL_CARD.md", "model.yaml")
LICENSE = "that of the encoder and of the labels it was made from"
CHECKED = 8  # images on which ONNX Runtime and PyTorch are compared


class OneHead(nn.Module):
    """Image (N, 1, 256, 256) in 0..1 -> the output of one head, of known classes alone where it tells classes apart."""

    def __init__(self, network: nn.Module, task: TaskHead, spec: HeadSpec) -> None:
        super().__init__()
        self.network = network
        self.at = [head.name for head in HEADS].index(task.head)
        chosen = {"segmentation": [int(c) for c in spec.classes], "view": [int(v) for v in spec.views]}.get(task.head)
        self.register_buffer("chosen", None if chosen is None else torch.tensor(chosen))

    def forward(self, image: Tensor) -> tuple[Tensor]:
        output: Tensor = self.network(image)[self.at]
        return (output if self.chosen is None else output.index_select(1, self.chosen),)


def write_task_model(
    folder: Path,
    name: str,
    network: nn.Module,
    task: TaskHead,
    spec: HeadSpec,
    validation: Samples,
    facts: Mapping[str, str],
) -> None:
    """Write model.onnx, model.yaml and MODEL_CARD.md; an interrupted call leaves the folder as it was.

    Args:
        folder: of the model; what `FILES` names is replaced.
        name: of the model, which results carry.
        network: trained, in evaluation mode, with the outputs of HEADS; low-rank updates are merged in place.
        task: whose head the model has.
        spec: with the classes and views that it knows.
        validation: held-out images; ONNX Runtime and PyTorch are compared on some.
        facts: title and text for the card.

    Raises:
        EchoPilotError: ONNX Runtime and PyTorch disagree.
    """
    if hasattr(network, "encoder"):
        from echopilot_perception.model.echocare import lora

        lora.merge(network.encoder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        draft = Path(temporary)
        module = OneHead(network.eval(), task, spec).eval()
        images = torch.from_numpy(validation.image[:CHECKED].astype(np.float32)[:, None] / 255.0)
        export_onnx(module.to(memory_format=torch.contiguous_format), draft / ONNX_FILE, images[:1], [task.head])
        _check(module, draft / ONNX_FILE, images, task)
        write_manifest(draft, name, spec, (task.module,), LICENSE)
        (draft / "MODEL_CARD.md").write_text(_card(name, facts, sha256(draft / ONNX_FILE)))
        folder.mkdir(exist_ok=True)
        for file in FILES:
            os.replace(draft / file, folder / file)
    read_manifest(folder)


def _check(module: nn.Module, file: Path, images: Tensor, task: TaskHead) -> None:
    with torch.no_grad():
        expected = module(images)[0].numpy()
    with OnnxRuntime(file) as runtime:
        found = runtime.infer(images.numpy())[task.head]
    gap = float(np.abs(expected - found).max())
    if not gap < 1e-2:
        raise EchoPilotError(f"finetune: ONNX Runtime differs from PyTorch by {gap:.2g} on images held out")


def _card(name: str, facts: Mapping[str, str], digest: str) -> str:
    lines = [f"# Model card: {name}", "", WARNING, "", "## Facts", ""]
    lines += [f"- {title}: {without_folders(text)}" for title, text in facts.items()]
    lines += [f"- License: {LICENSE}", f"- SHA-256 of model.onnx: `{digest}`", ""]
    return "\n".join(lines)
