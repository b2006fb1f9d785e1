"""CAMUS layout: apical images of 500 patients with LV, myocardium and LA (Leclerc et al. 2019, TMI 38(9))."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, SegmentationClass, View
from echopilot_core.guarded.bounded import MAX_ARRAY_BYTES, one_line, read_text
from echopilot_perception.heads.base import UNKNOWN_LABEL
from echopilot_perception.training.readers.place import check_same_size, on_grid, sector_of
from echopilot_perception.training.samples import Sample

VIEWS = {"2CH": View.A2C, "4CH": View.A4C}
CLASSES = (UNKNOWN_LABEL, SegmentationClass.LV, SegmentationClass.LV_MYO, SegmentationClass.LA)  # by their label 0..3
MOMENTS = ("ED", "ES")
SEQUENCE = "half_sequence"
SUFFIX = ".nii.gz"
INFO_KEYS = ("EF", "ED", "ES", "ImageQuality")


@dataclass(frozen=True)
class CamusInfo:
    """Content of Info_2CH.cfg or Info_4CH.cfg; frames count from 1, the quality is Good, Medium or Poor."""

    ejection_fraction_pct: float
    ed_frame: int
    es_frame: int
    quality: str


@dataclass(frozen=True)
class _Volume:
    """Images or labels (N, H, W) uint8, row down, with pixel spacing [m]."""

    images: NDArray[np.uint8]
    spacing_x_m: float
    spacing_y_m: float


def read_camus(folder: Path, sequences: bool = False, patients: Collection[str] | None = None) -> Iterator[Sample]:
    """Samples of every patientNNNN_{2CH,4CH}_{ED,ES}.nii.gz below `folder` that has its _gt beside it.

    With `sequences` those of every frame of the half sequences instead. `patients` (as "patient0001") picks some, as
    in the lists of the data set's own split. Everything that is not LV, myocardium or LA is unlabeled there, not
    background: right heart, aorta, liver, shadow or effusion may be in it. Experts drew through shadows, so a labeled
    cell may be shadow. Raises EchoPilotError when there is no such file, or one without mask, of another size, or with
    labels other than 0 to 3.
    """
    endings = (SEQUENCE,) if sequences else MOMENTS
    found = [
        (path, view)
        for path in sorted(Path(folder).rglob(f"patient*{SUFFIX}"))
        for code, view in VIEWS.items()
        if path.name.removesuffix(SUFFIX).endswith(tuple(f"_{code}_{ending}" for ending in endings))
        and (patients is None or path.name.split("_")[0] in patients)
    ]
    if not found:
        raise EchoPilotError(f"CAMUS: {folder} holds no patientNNNN_{{2CH,4CH}}_{{{','.join(endings)}}}{SUFFIX}")
    for path, view in found:
        yield from _samples(path, view)


def read_camus_info(path: Path) -> CamusInfo:
    """Read an Info_*.cfg; raises EchoPilotError when the file or one of its lines is missing."""
    if not path.is_file():
        raise EchoPilotError(f"CAMUS: {path} does not exist")
    lines = (line.partition(":") for line in read_text(path).splitlines())
    values = {key.strip(): value.strip() for key, _, value in lines}
    missing = [key for key in INFO_KEYS if key not in values]
    if missing:
        raise EchoPilotError(f"CAMUS: {path.name} lacks {', '.join(missing)}")
    try:
        info = CamusInfo(float(values["EF"]), int(values["ED"]), int(values["ES"]), values["ImageQuality"])
    except ValueError as error:
        raise EchoPilotError(f"CAMUS: {path.name} holds a line that is no number: {one_line(error)}") from error
    if not (0.0 <= info.ejection_fraction_pct <= 100.0 and min(info.ed_frame, info.es_frame) >= 1):
        raise EchoPilotError(f"CAMUS: {path.name} holds an EF outside 0 to 100 % or a frame below 1")
    return info


def _samples(path: Path, view: View) -> Iterator[Sample]:
    truth = path.with_name(path.name.removesuffix(SUFFIX) + "_gt" + SUFFIX)
    if not truth.is_file():
        raise EchoPilotError(f"CAMUS: {path.name} has no mask {truth.name} beside it")
    volume, mask = _read(path), _read(truth)
    if len(volume.images) != len(mask.images):
        raise EchoPilotError(f"{path.name}: {len(volume.images)} images, but {len(mask.images)} masks")
    check_same_size(volume.images[0], mask.images[0], path.name)
    unknown = sorted(set(np.unique(mask.images).tolist()) - set(range(len(CLASSES))))
    if unknown:
        raise EchoPilotError(f"{truth.name}: labels {unknown} are unknown; 0 nothing, 1 LV, 2 myocardium, 3 LA")
    classes = np.array(CLASSES, np.uint8)[mask.images]
    spacing_m = min(volume.spacing_x_m, volume.spacing_y_m)
    size = (
        round(volume.images.shape[2] * volume.spacing_x_m / spacing_m),
        round(volume.images.shape[1] * volume.spacing_y_m / spacing_m),
    )
    images = np.stack([cv2.resize(p, size, interpolation=cv2.INTER_LINEAR) for p in volume.images])
    sector = sector_of(images, path.name)
    for image, labels in zip(images, classes, strict=True):
        square = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
        yield on_grid(image, np.asarray(square, np.uint8), sector, spacing_m, view)


def _read(path: Path) -> _Volume:
    """NIfTI arrays run along x, then down, then time."""
    from nibabel.nifti1 import Nifti1Image

    try:
        image = Nifti1Image.from_filename(path)
        if prod(image.shape) * 8 > MAX_ARRAY_BYTES:
            raise ValueError("too large")
        values = np.asarray(image.dataobj)
        header: Any = image.header
        zooms = [float(z) for z in header.get_zooms()]
    except Exception as error:  # nibabel and gzip raise many kinds for a damaged file
        raise EchoPilotError(f"{path.name} cannot be read: {type(error).__name__}") from error
    values = values[:, :, None] if values.ndim == 2 else values
    if values.ndim != 3 or values.size == 0 or not (values.min() >= 0.0 and values.max() <= 255.0):
        raise EchoPilotError(f"{path.name}: images (x, y[, time]) with values 0 to 255 expected, got {values.shape}")
    if not all(0.01 < z < 10.0 for z in zooms[:2]):
        raise EchoPilotError(f"{path.name}: the pixel spacing {zooms[:2]} mm is not possible")
    images = np.ascontiguousarray(values.transpose(2, 1, 0)).astype(np.uint8)
    return _Volume(images, 1e-3 * zooms[0], 1e-3 * zooms[1])
