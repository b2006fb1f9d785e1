"""Encoders to compare, by name or file, and what they make of a set of images."""

import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from echopilot_perception.finetuning.starting_network import SCRATCH, shape_of
from echopilot_perception.heads.layers import Summary
from echopilot_perception.model.manifest import sha256
from echopilot_perception.pretraining.encoders.build import build_pretrain_encoder
from echopilot_perception.pretraining.encoders.choice import EncoderChoice
from echopilot_perception.pretraining.encoders.interface import PretrainEncoder
from echopilot_perception.pretraining.encoders.saved import load_into, read_encoder_file

BATCH = 32


@dataclass(frozen=True)
class ComparedEncoder:
    """An encoder with random weights (`scratch`) or those of a file; `identity` tells it from any other."""

    label: str
    identity: str
    choice: EncoderChoice
    file: Path | None

    def build(self, seed: int) -> PretrainEncoder:
        """A fresh copy; the seed draws what the file does not hold, all of it for `scratch`."""
        encoder = build_pretrain_encoder(self.choice, seed)
        if self.file is not None:
            load_into(encoder, self.file)
        encoder.eval()
        return encoder

    def drawn(self, seed: int) -> int:
        """The seed where it draws weights that encode images, otherwise 0: copies of a file encode the same."""
        return seed if self.file is None or self.choice.name == "swin" else 0


def compared_encoder(text: str) -> ComparedEncoder:
    """`scratch`, `NAME=FILE` or a file of `echopilot pretrain` or EchoCare; raises EchoPilotError for anything else."""
    if text == SCRATCH:
        return ComparedEncoder(SCRATCH, SCRATCH, EncoderChoice(), None)
    name, separator, rest = text.partition("=")
    path = Path(rest if separator else text)
    kind, weights = read_encoder_file(path)
    choice = EncoderChoice(kind)
    if kind == "swin":
        shape = shape_of(weights, path.name)
        choice = EncoderChoice(kind, shape.channels, shape.depths, shape.heads)
    label = name if separator else (path.parent.name or path.stem)
    found = ComparedEncoder(label, sha256(path), choice, path)
    found.build(0)
    return found


@dataclass(frozen=True)
class EncodedImages:
    """`features` (N, F) float32 of whole images, and `dense` (N, C, 64, 64) float16; on the processor."""

    features: Tensor
    dense: Tensor


def summary(encoder: PretrainEncoder, image: Tensor) -> tuple[Tensor, Tensor]:
    """Features (N, F + 2 C), as the embedding head has them, and dense map (N, C, 64, 64) of images in 0..1."""
    encoded = encoder.encode(image)
    return Summary()(encoded.dense, encoded.features), encoded.dense


def encode_images(encoder: PretrainEncoder, images: NDArray[np.uint8], device: torch.device) -> EncodedImages:
    """What an encoder makes of images (N, 256, 256), without gradients."""
    moved = copy.deepcopy(encoder).to(device).eval()
    features, dense = [], []
    with torch.no_grad():
        for at in range(0, len(images), BATCH):
            found = summary(moved, as_input(images[at : at + BATCH], device))
            features.append(found[0].float().cpu())
            dense.append(found[1].half().cpu())
    return EncodedImages(torch.cat(features), torch.cat(dense))


def as_input(images: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Images (N, 256, 256) as (N, 1, 256, 256) float32 in 0..1."""
    return torch.from_numpy(np.ascontiguousarray(images)).to(device).float()[:, None] / 255.0
