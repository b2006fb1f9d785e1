"""Model folder: `model.yaml` describes input, heads and files, and hashes verify them.

A model may have some of the heads alone, and know some of the classes and views: those that it was fine-tuned for.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from echopilot_core import EchoPilotError, HeadName, SegmentationClass, View
from echopilot_core.guarded.bounded import one_line
from echopilot_core.guarded.yaml_input import read_yaml
from echopilot_perception import grid
from echopilot_perception.heads import HEADS, GuidanceView, Head, HeadSpec

SHIPPED = Path(__file__).resolve().parent.parent / "models" / "edge"
FILES = ONNX_FILE, OOD_FILE = "model.onnx", "ood.npz"
INT8_FILE = "model_int8.onnx"  # not every model has one


@dataclass(frozen=True)
class Manifest:
    """Content of `model.yaml`, checked against this version and against the files beside it."""

    folder: Path
    model_id: str
    license: str
    spec: HeadSpec
    sha256: str  # of model.onnx
    int8_sha256: str | None = None  # of model_int8.onnx, where there is one
    heads: tuple[Head, ...] = HEADS

    @property
    def onnx(self) -> Path:
        return self.folder / ONNX_FILE

    @property
    def judges_ood(self) -> bool:
        """Whether the model says how far an image is from what it learned (`ood.npz`)."""
        return any(head.gives is HeadName.OOD for head in self.heads)


def read_manifest(folder: Path | None = None) -> Manifest:
    """Load and verify a model folder (None: the shipped one).

    Raises EchoPilotError with one line when a file is missing, damaged, or does not fit this version.
    """
    home = SHIPPED if folder is None else Path(folder)
    path = home / "model.yaml"
    if not path.is_file():
        raise EchoPilotError(f"no model in {home}: model.yaml is missing; `make train` makes one")
    try:
        data: dict[str, Any] = read_yaml(path, str(path))
        heads = _known("heads", data["heads"], {head.name: head for head in HEADS}, 1, path)
        classes = _known("classes", data["classes"], {c.name: c for c in SegmentationClass}, 2, path)
        views = _known("views", data["views"], {v.name: v for v in View}, 2, path)
        if classes[0] is not SegmentationClass.BACKGROUND:
            raise EchoPilotError(f"{path}: the classes must begin with {SegmentationClass.BACKGROUND.name}")
        spec = HeadSpec(tuple(_guidance_view(g) for g in data["guidance"]), classes, views)
        hashes: dict[str, str] = data["sha256"]
        if data["input"] != input_description():
            raise EchoPilotError(f"{path}: the input differs from this version of EchoPilot; train again")
        manifest = Manifest(
            home,
            one_line(data["name"]),
            one_line(data["license"]),
            spec,
            str(hashes[ONNX_FILE]),
            hashes.get(INT8_FILE),
            heads,
        )
    except EchoPilotError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise EchoPilotError(
            f"{path} is not a model description: {type(error).__name__} {one_line(error, 100)}"
        ) from error
    needed = {ONNX_FILE: True, OOD_FILE: manifest.judges_ood, INT8_FILE: bool(manifest.int8_sha256)}
    for name in (name for name, needs in needed.items() if needs):
        verify(home / name, str(hashes.get(name, "")))
    return manifest


Item = TypeVar("Item")


def _known(what: str, given: Any, valid: dict[str, Item], least: int, path: Path) -> tuple[Item, ...]:
    """What a list of names stands for; raises EchoPilotError unless they are some of the valid ones, in their order."""
    names = list(given) if isinstance(given, list) else []
    if len(names) < least or names != [name for name in valid if name in names]:
        raise EchoPilotError(
            f"{path}: the {what} differ from this version of EchoPilot, whose are {', '.join(valid)} in this order; "
            "train again"
        )
    return tuple(valid[name] for name in names)


def _guidance_view(row: dict[str, Any]) -> GuidanceView:
    a, b, c, d, e, f = (float(v) for v in row["scale"])
    return GuidanceView(View[row["view"]], (a, b, c, d, e, f))


def write_manifest(
    folder: Path, name: str, spec: HeadSpec, heads: Sequence[Head] = HEADS, license_text: str = "Apache-2.0"
) -> None:
    """Describe the files that lie in `folder` in its model.yaml."""
    data = {
        "name": name,
        "license": license_text,
        "input": input_description(),
        "heads": [head.name for head in heads],
        "classes": [t.name for t in spec.classes],
        "views": [v.name for v in spec.views],
        "guidance": [{"view": g.view.name, "scale": list(g.scale)} for g in spec.guidance],
        "sha256": {file: sha256(folder / file) for file in (*FILES, INT8_FILE) if (folder / file).is_file()},
    }
    (folder / "model.yaml").write_text(yaml.safe_dump(data, sort_keys=False))


def input_description() -> dict[str, Any]:
    """The image that every model of this version takes."""
    return {
        "name": "image",
        "channels": 1,
        "cells": grid.IMAGE_CELLS,
        "extent": "depth of the image",
        "label_cells": grid.CELLS,
        "lengths_at_extent_m": grid.STANDARD_M,
        "range": [0.0, 1.0],
        "normalisation": "none",
    }


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def verify(path: Path, expected: str) -> None:
    """Raise EchoPilotError unless the file is there with the hash `expected`."""
    if not path.is_file():
        raise EchoPilotError(f"model file {path} is missing; restore it or run `make train`")
    found = sha256(path)
    if found != expected:
        raise EchoPilotError(
            f"model file {path} has SHA-256 {found[:12]}..., model.yaml expects {one_line(expected, 64)[:12]}..."
        )
