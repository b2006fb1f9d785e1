"""Differences between a state dict and the keys of an encoder, with the likely reason in one line."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

SHOWN = 3  # keys of each kind
PROBE = "patch_embed.proj.weight"
OTHER_SWINS = ("layers.0.blocks.0.", "features.1.0.")  # timm, torchvision


def differences(state: Mapping[str, Any], expected: Mapping[str, Tensor]) -> str:
    """Empty when every key of `expected` is there with its shape and kind of number, and no other; else one line."""
    missing = [key for key in expected if key not in state]
    unexpected = [key for key in state if key not in expected]
    wrong = [
        f"{key} (expected {_describe(expected[key])}, found {_describe(state[key])})"
        for key in expected
        if key in state and not _fits(state[key], expected[key])
    ]
    kinds = (("missing", missing), ("unexpected", unexpected), ("mis-shaped", wrong))
    parts = [f"{len(keys)} of {len(expected)} keys {name}: {_first(keys)}" for name, keys in kinds if keys]
    if not parts:
        return ""
    return "; ".join(parts) + _reason(state, expected)


def moved_indices(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> list[str]:
    """Keys of buffers of integers that differ: they follow from the window size and are no weights."""
    return [key for key, value in expected.items() if not _is_weight(value) and not torch.equal(state[key], value)]


def not_finite(state: Mapping[str, Tensor]) -> list[str]:
    """Keys of weights with a NaN or an infinity."""
    return [key for key, value in state.items() if _is_weight(value) and not bool(torch.isfinite(value).all())]


def _first(keys: Sequence[str]) -> str:
    return ", ".join(keys[:SHOWN]) + (", ..." if len(keys) > SHOWN else "")


def _is_weight(value: Tensor) -> bool:
    return bool(value.is_floating_point())


def _fits(found: Any, expected: Tensor) -> bool:
    return (
        isinstance(found, Tensor)
        and found.shape == expected.shape
        and found.is_floating_point() == expected.is_floating_point()
        and (_is_weight(found) or found.dtype == expected.dtype)
        and found.layout == torch.strided
        and found.device.type == "cpu"
        and not found.is_quantized
    )


def _describe(value: Any) -> str:
    if not isinstance(value, Tensor):
        return type(value).__name__
    kind = "" if _is_weight(value) else f" {str(value.dtype).removeprefix('torch.')}"
    place = "" if value.layout == torch.strided and value.device.type == "cpu" else f" {value.layout} {value.device}"
    return ("x".join(map(str, value.shape)) or "a number") + kind + place


def _reason(state: Mapping[str, Any], expected: Mapping[str, Tensor]) -> str:
    nested = [key for key, value in state.items() if isinstance(value, Mapping)]
    prefixes = [key.removesuffix(PROBE) for key in state if key.endswith(PROBE) and key != PROBE]
    convolutions = [
        key
        for key, value in expected.items()
        if value.ndim == 4 and isinstance(state.get(key), Tensor) and state[key].ndim == 5
    ]
    if nested:
        return f"; likely reason: the weights lie nested under '{nested[0]}', EchoCare's file is flat"
    if prefixes:
        return f"; likely reason: the keys carry the prefix '{prefixes[0]}', EchoCare's have none"
    if convolutions:
        return "; likely reason: a network for volumes, or one made with MONAI older than 1.3.1"
    if any(key.startswith(OTHER_SWINS) for key in state):
        return "; likely reason: a Swin of timm or torchvision, which is built otherwise"
    return ""
