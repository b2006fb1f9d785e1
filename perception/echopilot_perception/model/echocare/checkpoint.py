"""EchoCare's checkpoint: loaded strictly, without running code in it, and reported."""

import hashlib
import pickle
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from echopilot_core import EchoPilotError
from echopilot_perception.model.echocare.differences import differences, moved_indices, not_finite
from echopilot_perception.model.echocare.encoder import (
    COLOR_CHANNELS,
    ECHOCARE,
    REFERENCE_CELLS,
    EncoderShape,
    build_encoder,
)

MASK_TOKEN = "mask_token"  # of the masked pre-training; no part of the encoder
MAGIC = (b"PK\x03\x04", b"\x80")  # of PyTorch's zip files and of pickles
CHUNK_BYTES = 1 << 22


@dataclass(frozen=True)
class CheckpointReport:
    """Content of a checkpoint; `maps` are the shapes (N, C, H, W) of the five maps of one image."""

    file: str
    bytes: int
    sha256: str
    dtype: str
    tensors: int
    parameters: int
    mask_token: str  # its shape, or "absent"
    maps: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class _Loaded:
    encoder: nn.Module
    state: Mapping[str, Tensor]
    mask_token: Any


def load_encoder(file: Path, shape: EncoderShape = ECHOCARE) -> nn.Module:
    """Encoder in float32 with the weights of `file`, in evaluation mode.

    Raises EchoPilotError with one line when the file is missing, damaged, holds anything but tensors, or differs in a
    single key, shape or index; never loads a part.
    """
    return _load(Path(file), shape).encoder


def verify(file: Path, shape: EncoderShape = ECHOCARE, cells: int = REFERENCE_CELLS) -> CheckpointReport:
    """Load `file` as `load_encoder` does, run one image of `cells` x `cells`, and report."""
    file = Path(file)
    loaded = _load(file, shape)
    image = torch.rand(1, COLOR_CHANNELS, cells, cells, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        maps = loaded.encoder(image)
    if not all(bool(torch.isfinite(m).all()) for m in maps):
        raise EchoPilotError(f"{file.name} loads, but its maps of an image are not finite: the weights are unusable")
    weights = [value for value in loaded.state.values() if value.is_floating_point()]
    token = loaded.mask_token
    return CheckpointReport(
        file=file.name,
        bytes=file.stat().st_size,
        sha256=_sha256(file),
        dtype=", ".join(sorted({str(value.dtype).removeprefix("torch.") for value in weights})),
        tensors=len(loaded.state),
        parameters=sum(p.numel() for p in loaded.encoder.parameters()),
        mask_token="absent" if token is None else "x".join(map(str, getattr(token, "shape", ("not a tensor",)))),
        maps=tuple(tuple(m.shape) for m in maps),
    )


def _load(file: Path, shape: EncoderShape) -> _Loaded:
    state = read_checkpoint(file)
    token = state.pop(MASK_TOKEN, None)
    encoder = build_encoder(shape)
    expected = encoder.state_dict()
    wrong = differences(state, expected)
    if wrong:
        raise EchoPilotError(f"{file.name} is not EchoCare's encoder, nothing was loaded: {wrong}")
    for keys, what in (
        (not_finite(state), "weights that are not finite"),
        (moved_indices(state, expected), "an index of window positions that differs from MONAI's"),
    ):
        if keys:
            raise EchoPilotError(f"{file.name} has {what} in {len(keys)} tensors, nothing was loaded; first: {keys[0]}")
    encoder.load_state_dict(state, strict=True)
    return _Loaded(encoder.eval(), state, token)


def read_checkpoint(file: Path) -> dict[str, Any]:
    """Top level of a checkpoint; only tensors and plain containers are ever built from it."""
    if not file.exists():
        raise EchoPilotError(f"checkpoint {file} does not exist; EchoCare's is called echocare_encoder.pth")
    if not file.is_file():
        raise EchoPilotError(f"checkpoint {file} is a folder or device; name the file, usually echocare_encoder.pth")
    with file.open("rb") as stream:
        start = stream.read(4)
    if not start:
        raise EchoPilotError(f"checkpoint {file} is empty; download it again")
    if not start.startswith(MAGIC):
        raise EchoPilotError(f"checkpoint {file} is no PyTorch file; was a web page saved in its place?")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about old pickles; an error says all that a user needs
            state = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise EchoPilotError(
            f"checkpoint {file} is damaged or holds more than tensors; it was refused and nothing in it was run"
        ) from error
    except Exception as error:  # torch raises many kinds for a damaged file
        raise EchoPilotError(
            f"checkpoint {file} is truncated or damaged ({type(error).__name__}); download it again"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(key, str) for key in state):
        raise EchoPilotError(f"checkpoint {file} holds no table of named tensors but {type(state).__name__}")
    return dict(state)


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
