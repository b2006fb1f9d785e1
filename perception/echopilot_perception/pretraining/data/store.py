"""Images of a pre-training run on disk: written once, then read at random through memory maps that processes share."""

import json
import os
import shutil
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, WriteError
from echopilot_core.guarded.bounded import one_line
from echopilot_core.guarded.json_input import read_json
from echopilot_perception import grid
from echopilot_perception.pretraining.data.image import PretrainImage
from echopilot_perception.pretraining.tree.label_tree import LabelTree
from echopilot_perception.pretraining.tree.targets import targets_of

FORMAT = "echopilot-pretrain-store-1"
INDEX = "store.json"
ARRAYS = ("images.u8", "sectors.f32", "targets.i8", "clips.i32")
KINDS = (np.uint8, np.float32, np.int8, np.int32)
SIDE = grid.IMAGE_CELLS
FREE_BYTES = 200_000_000  # to be left on the disk


@dataclass(frozen=True)
class ImageStore:
    """N images: `images` (N, 256, 256) uint8, `sectors` (N, 3) float32, `targets` (N, V) int8, `clips` (N,) int32.

    `fingerprint` is that of the data it was made from, `remarks` are lines on what was left out.
    """

    images: NDArray[np.uint8]
    sectors: NDArray[np.float32]
    targets: NDArray[np.int8]
    clips: NDArray[np.int32]
    fingerprint: str
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)


def write_store(
    folder: Path, images: Iterable[PretrainImage], tree: LabelTree, fingerprint: str, remarks: list[str]
) -> ImageStore:
    """Write images as they come, in bounded memory, and open what was written.

    Args:
        folder: of the store; an earlier one in it counts until all is written, a part of one never.
        images: read once; those that show nothing are left out.
        tree: of the labels.
        fingerprint: of the data, by which a later run knows the store.
        remarks: kept with it; may grow while the images are read.

    Raises:
        EchoPilotError: there is no image.
        WriteError: the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    partial = {name: folder / f".{name}.partial" for name in (*ARRAYS, INDEX)}
    try:
        count = _write_arrays([partial[name] for name in ARRAYS], images, tree, remarks)
        if not count:
            raise EchoPilotError(f"no image to learn from{'; ' + remarks[0] if remarks else ''}")
        index = {"format": FORMAT, "images": count, "nodes": len(tree), "fingerprint": fingerprint}
        partial[INDEX].write_text(json.dumps(index | {"remarks": remarks[:20]}, indent=1) + "\n")
        (folder / INDEX).unlink(missing_ok=True)  # without it the rest is no store
        for name, path in partial.items():
            os.replace(path, folder / name)
    finally:
        for path in partial.values():
            path.unlink(missing_ok=True)
    return open_store(folder)


def _write_arrays(paths: list[Path], images: Iterable[PretrainImage], tree: LabelTree, remarks: list[str]) -> int:
    """Write the arrays of a store; the number of images."""
    count, black, numbers = 0, 0, dict[str, int]()
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("wb")) for path in paths]
        for image in images:
            _check(image)
            if not image.image.any():
                black += 1
                continue
            if count % 500 == 0 and shutil.disk_usage(paths[0].parent).free < FREE_BYTES:
                raise WriteError(f"{paths[0].parent}: the disk is full after {count} images; give another --out")
            clip = np.int32(numbers.setdefault(image.source, len(numbers)))
            rows = (image.image, image.sector.row(), targets_of(image.label, tree), clip)
            for file, row in zip(files, rows, strict=True):
                file.write(np.asarray(row).tobytes())
            count += 1
    if black:
        remarks.append(f"{black} images are black and were left out")
    return count


def open_store(folder: Path) -> ImageStore:
    """Open a store; FileNotFoundError where there is none, EchoPilotError where its files do not fit each other."""
    index = read_json(folder / INDEX, f"{folder.name}/{INDEX}")
    try:
        count, nodes = int(index["images"]), int(index["nodes"])
        good = index["format"] == FORMAT and count > 0 and nodes > 0
        shapes = ((count, SIDE, SIDE), (count, 3), (count, nodes), (count,))
        arrays = {
            name.partition(".")[0]: _mapped(folder / name, kind, shape)
            for name, kind, shape in zip(ARRAYS, KINDS, shapes, strict=True)
        }
        remarks = tuple(str(line) for line in index["remarks"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise EchoPilotError(f"{folder} is damaged ({one_line(error, 80)}); delete it and run again") from error
    if not good:
        raise EchoPilotError(f"{folder} was made by another version; delete it and run again")
    return ImageStore(**arrays, fingerprint=str(index["fingerprint"]), remarks=remarks)


def _check(image: PretrainImage) -> None:
    if image.image.shape != (SIDE, SIDE) or image.image.dtype != np.uint8:
        found = f"{image.image.shape} {image.image.dtype}"
        raise EchoPilotError(f"{image.source}: an image of {found}; it must be (256, 256) uint8")
    if not np.isfinite(image.sector.row()).all() or not 0.0 < image.sector.half <= np.pi or image.sector.radius < 0.0:
        raise EchoPilotError(f"{image.source}: a sector of {image.sector}; its shape is none of a probe")


def _mapped(path: Path, kind: Any, shape: tuple[int, ...]) -> Any:
    if path.stat().st_size != int(np.prod(shape, dtype=np.int64)) * np.dtype(kind).itemsize:
        raise ValueError(f"{path.name} has another size")
    return np.memmap(path, kind, "r", shape=shape)
