"""The file of a pre-trained encoder: a flat table of tensors, as EchoCare's."""

from pathlib import Path

import torch
from torch import Tensor

from echopilot_core import EchoPilotError
from echopilot_perception.model.echocare.checkpoint import read_checkpoint
from echopilot_perception.pretraining.encoders.interface import PretrainEncoder
from echopilot_perception.training import checkpoint

ENCODER_FILE = "encoder.pth"
FIRST_KEYS = {"fine.0.weight": "edge", "patch_embed.proj.weight": "swin"}


def save_encoder(path: Path, encoder: PretrainEncoder) -> None:
    """Write the encoder's weights and its token; a crash leaves the old file or the new one."""
    checkpoint.save(path, dict(encoder.weights()))


def read_encoder_file(path: Path) -> tuple[str, dict[str, Tensor]]:
    """Name of the encoder (edge or swin) and its weights by name.

    Raises EchoPilotError with one line when the file is missing, damaged, holds anything but tensors, or is neither.
    """
    state = read_checkpoint(Path(path))
    for key, name in FIRST_KEYS.items():
        if key in state:
            strange = sorted(k for k, value in state.items() if not isinstance(value, torch.Tensor))
            if strange:
                raise EchoPilotError(f"{path} is no encoder: {strange[0]} is no tensor")
            return name, state
    raise EchoPilotError(f"{path} is no encoder of ours and not EchoCare's: it holds none of {', '.join(FIRST_KEYS)}")


def load_into(encoder: PretrainEncoder, path: Path) -> None:
    """Put the weights of a file into an encoder in place; raises EchoPilotError when they do not fit it."""
    _, weights = read_encoder_file(path)
    encoder.load_weights(weights, Path(path).name)
