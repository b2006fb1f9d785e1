"""CAMUS layout: apical pictures of 500 patients with LV, myocardium and LA (Leclerc et al. 2019, TMI 38(9))."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, Tissue, View
from echopilot_perception.heads.base import UNKNOWN_LABEL
from echopilot_perception.training.readers.place import check_same_size, on_grid, sector_of
from echopilot_perception.training.samples import Sample

VIEWS = {"2CH": View.A2C, "4CH": View.A4C}
CLASSES = (UNKNOWN_LABEL, Tissue.LV, Tissue.LV_MYO, Tissue.LA)  # by their label 0..3
MOMENTS = ("ED", "ES")
SEQUENCE = "half_sequence"
SUFFIX = ".nii.gz"
INFO_KEYS = ("EF", "ED", "ES", "ImageQuality")


@dataclass(frozen=True)
class CamusInfo:
    """What Info_2CH.cfg or Info_4CH.cfg says; frames count from 1, the quality is Good, Medium or Poor."""

    ejection_fraction_pct: float
    ed_frame: int
    es_frame: int
    quality: str


@dataclass(frozen=True)
class _Volume:
    """Pictures or labels (N, H, W) uint8, row down, with pixel spacing [m]."""

    pictures: NDArray[np.uint8]
    spacing_x_m: float
    spacing_y_m: float


def read_camus(folder: Path, sequences: bool = False, patients: Collection[str] | None = None) -> Iterator[Sample]:
    """Samples of every patientNNNN_{2CH,4CH}_{ED,ES}.nii.gz below `folder` that has its _gt beside it.

    With `sequences` those of every frame of the half sequences instead. `patients` (as "patient0001") picks some, as
    in the lists of the data set's own split. Everything that is not LV, myocardium or LA is unlabelled there, not
    background: right heart, aorta, liver, shadow or effusion may be in it. Experts drew through shadows, so a labelled
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
    lines = (line.partition(":") for line in path.read_text().splitlines())
    said = {key.strip(): value.strip() for key, _, value in lines}
    missing = [key for key in INFO_KEYS if key not in said]
    if missing:
        raise EchoPilotError(f"CAMUS: {path.name} lacks {', '.join(missing)}")
    try:
        return CamusInfo(float(said["EF"]), int(said["ED"]), int(said["ES"]), said["ImageQuality"])
    except ValueError as error:
        raise EchoPilotError(f"CAMUS: {path.name} holds a line that is no number: {error}") from error


def _samples(path: Path, view: View) -> Iterator[Sample]:
    truth = path.with_name(path.name.removesuffix(SUFFIX) + "_gt" + SUFFIX)
    if not truth.is_file():
        raise EchoPilotError(f"CAMUS: {path.name} has no mask {truth.name} beside it")
    volume, mask = _read(path), _read(truth)
    if len(volume.pictures) != len(mask.pictures):
        raise EchoPilotError(f"{path.name}: {len(volume.pictures)} pictures, but {len(mask.pictures)} masks")
    check_same_size(volume.pictures[0], mask.pictures[0], path.name)
    foreign = sorted(set(np.unique(mask.pictures).tolist()) - set(range(len(CLASSES))))
    if foreign:
        raise EchoPilotError(f"{truth.name}: labels {foreign} are unknown; 0 nothing, 1 LV, 2 myocardium, 3 LA")
    classes = np.array(CLASSES, np.uint8)[mask.pictures]
    spacing_m = min(volume.spacing_x_m, volume.spacing_y_m)
    size = (
        round(volume.pictures.shape[2] * volume.spacing_x_m / spacing_m),
        round(volume.pictures.shape[1] * volume.spacing_y_m / spacing_m),
    )
    pictures = np.stack([cv2.resize(p, size, interpolation=cv2.INTER_LINEAR) for p in volume.pictures])
    sector = sector_of(pictures, path.name)
    for picture, labels in zip(pictures, classes, strict=True):
        square = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
        yield on_grid(picture, np.asarray(square, np.uint8), sector, spacing_m, view)


def _read(path: Path) -> _Volume:
    """NIfTI arrays run along x, then down, then time."""
    from nibabel.nifti1 import Nifti1Image

    try:
        image = Nifti1Image.from_filename(path)
        values = np.asarray(image.dataobj)
        header: Any = image.header
        zooms = [float(z) for z in header.get_zooms()]
    except Exception as error:  # nibabel and gzip raise many kinds for a damaged file
        raise EchoPilotError(f"{path.name} cannot be read: {type(error).__name__}") from error
    values = values[:, :, None] if values.ndim == 2 else values
    if values.ndim != 3 or values.size == 0 or not (values.min() >= 0.0 and values.max() <= 255.0):
        raise EchoPilotError(f"{path.name}: pictures (x, y[, time]) with values 0 to 255 expected, got {values.shape}")
    if not all(0.01 < z < 10.0 for z in zooms[:2]):
        raise EchoPilotError(f"{path.name}: the pixel spacing {zooms[:2]} mm is not possible")
    pictures = np.ascontiguousarray(values.transpose(2, 1, 0)).astype(np.uint8)
    return _Volume(pictures, 1e-3 * zooms[0], 1e-3 * zooms[1])
