"""Reader of a label volume, its CT (NIfTI) and its table of classes, with checks of all inputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from numpy.typing import NDArray

from echopilot_core import Array, EchoPilotError
from echopilot_core.guarded.bounded import one_line
from echopilot_core.guarded.json_input import read_json
from echopilot_sim.anatomy.ct.classes import canonical

_SHEAR = 2e-3  # cosine between two axes of the affine beyond which it is no rotation times spacing
MAX_VOXELS = 400_000_000  # 1 mm in a whole body
_SUFFIXES = (".nii", ".nii.gz")
_LPS_OF_RAS = np.diag([-1e-3, -1e-3, 1e-3, 1.0])


@dataclass(frozen=True)
class CtVolume:
    """A label volume on voxels (nx, ny, nz) whose axes run nearly left, backwards and up.

    `labels` int16, `names` the canonical class of each label present, `hounsfield` float32 or None without a CT,
    `T_lps_voxel` (4, 4) from voxel indices to LPS [m] of the scanner, `spacing_m` (3,).
    """

    labels: NDArray[np.int16]
    names: dict[int, str]
    hounsfield: NDArray[np.float32] | None
    T_lps_voxel: Array
    spacing_m: Array
    source: str

    def has(self, name: str) -> bool:
        """Whether a class has a voxel."""
        return name in self.names.values()

    def mask(self, *names: str) -> NDArray[np.bool_]:
        """Voxels (nx, ny, nz) of any of these classes."""
        wanted = [value for value, name in self.names.items() if name in names]
        return np.isin(self.labels, wanted) if wanted else np.zeros(self.labels.shape, dtype=bool)

    def to_lps(self, voxels: NDArray[Any]) -> Array:
        """LPS points (N, 3) [m] of voxel coordinates (N, 3)."""
        return np.asarray(voxels @ self.T_lps_voxel[:3, :3].T + self.T_lps_voxel[:3, 3])


def read_scan(
    folder_or_labels: str | Path,
    ct: str | Path | None = None,
    table: str | Path | Mapping[int, str] | None = None,
) -> CtVolume:
    """Read labels, table and CT.

    A folder holds `labels.nii.gz` (or one file whose name has "labels" in it, or one mask per class), `ct.nii.gz`
    and `labels.json`; a label file finds them beside it. The table maps numbers to class names, either directly or
    under "labels". Raises EchoPilotError for whatever cannot be used.
    """
    path = Path(folder_or_labels)
    if not path.exists():
        raise EchoPilotError(f"labels: {path} does not exist; choose a NIfTI file or a folder with labels.nii.gz")
    folder = path if path.is_dir() else path.parent
    masks = [] if path.is_file() else _masks(path)
    if masks:
        labels, affine, names = _merge(masks)
    else:
        file = _label_file(path) if path.is_dir() else path
        values, affine = _volume(file, "labels")
        labels, names = _whole(values, file), _table(table, folder)
    ct_file = Path(ct) if ct is not None else folder / "ct.nii.gz"
    hounsfield = None
    if ct is not None or ct_file.exists():
        hounsfield, ct_affine = _volume(ct_file, "ct")
        if hounsfield.shape != labels.shape:
            raise EchoPilotError(f"ct: shape {hounsfield.shape} differs from that of the labels {labels.shape}")
        corners = np.array([[0.0, 0.0, 0.0, 1.0], [*(n - 1.0 for n in labels.shape), 1.0]])
        apart = float(np.linalg.norm((corners @ (affine - ct_affine).T)[:, :3], axis=1).max())
        if not apart < 0.5e-3 * _LPS_OF_RAS[2, 2] ** -1:
            raise EchoPilotError(f"ct: affine puts the volume {apart:.1f} mm away from the labels; resample it to them")
    present = {int(v) for v in np.unique(labels)} - {0}
    missing = sorted(present - set(names))
    if missing:
        raise EchoPilotError(f"class table: label {missing[0]} is not named; choose a name for each label present")
    names = {value: name for value, name in names.items() if value in present}
    return _to_lps(labels, hounsfield, affine, names, str(path))


def _label_file(folder: Path) -> Path:
    exact = [folder / f"labels{s}" for s in _SUFFIXES if (folder / f"labels{s}").exists()]
    named = sorted(p for p in folder.iterdir() if "label" in p.name and p.name.endswith(_SUFFIXES))
    if exact:
        return exact[0]
    if len(named) == 1:
        return named[0]
    raise EchoPilotError(f"labels: {folder} has no labels.nii.gz; choose a folder with one, or name the file")


def _masks(folder: Path) -> list[Path]:
    """Files of a folder with one mask per class, as TotalSegmentator writes it."""
    if any("label" in p.name for p in folder.iterdir()):
        return []
    return sorted(p for p in folder.iterdir() if p.name.endswith(_SUFFIXES) and not p.name.startswith("ct."))


def _merge(masks: list[Path]) -> tuple[NDArray[np.int16], Array, dict[int, str]]:
    labels, affine = np.zeros((0, 0, 0), np.int16), np.eye(4)
    names: dict[int, str] = {}
    for value, file in enumerate(masks, 1):
        names[value] = canonical(file.name.split(".nii")[0])
        values, here = _volume(file, file.name)
        if value == 1:
            labels, affine = np.zeros(values.shape, np.int16), here
        if values.shape != labels.shape:
            raise EchoPilotError(f"{file.name}: shape {values.shape} differs from that of the others {labels.shape}")
        labels[values > 0.5] = value
    return labels, affine, names


def _volume(file: Path, field: str) -> tuple[NDArray[np.float32], Array]:
    """Values (nx, ny, nz) and affine (4, 4) to RAS millimeters."""
    if not file.exists():
        raise EchoPilotError(f"{field}: {file} does not exist")
    try:
        image = nibabel.load(file)
    except (ImageFileError, OSError, EOFError, ValueError) as error:
        raise EchoPilotError(f"{field}: {file} is no NIfTI file; choose .nii or .nii.gz ({_short(error)})") from None
    if not isinstance(image, (nibabel.Nifti1Image, nibabel.Nifti2Image)):
        raise EchoPilotError(f"{field}: {file} is {type(image).__name__}; choose a NIfTI file")
    shape = image.shape
    if len(shape) < 3 or any(n != 1 for n in shape[3:]) or min(shape[:3]) < 2:
        raise EchoPilotError(f"{field}: shape {shape} is no volume; choose three axes of 2 voxels or more")
    header: Any = image.header
    unit = header.get_xyzt_units()[0]
    if unit not in ("mm", "unknown"):
        raise EchoPilotError(f"{field}: xyzt_units is {unit}; choose mm")
    if prod(shape) > MAX_VOXELS:
        raise EchoPilotError(f"{field}: {prod(shape) / 1e6:.0f} million voxels; at most {MAX_VOXELS // 10**6} are read")
    affine = np.asarray(image.affine, dtype=np.float64)
    _check_affine(affine, _zooms(image), field)
    try:
        values = np.asarray(image.dataobj, dtype=np.float32).reshape(shape[:3])
    except (OSError, EOFError, ValueError) as error:
        raise EchoPilotError(f"{field}: {file} is truncated or damaged ({_short(error)})") from None
    except Exception as error:  # zlib.error and its kin
        raise EchoPilotError(f"{field}: {file} cannot be unpacked ({_short(error)})") from None
    if not np.isfinite(values).all():
        raise EchoPilotError(f"{field}: {file} holds values that are not finite")
    return values, affine


def _zooms(image: Any) -> Array:
    return np.asarray(image.header.get_zooms()[:3], dtype=np.float64)


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__


def _check_affine(affine: Array, zooms: Array, field: str) -> None:
    size = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or not np.isfinite(zooms).all():
        raise EchoPilotError(f"{field}: spacing {zooms} or affine is not finite; choose millimeters per voxel")
    if zooms.min() <= 0.0 or size.min() < 1e-3:
        raise EchoPilotError(f"{field}: spacing {np.minimum(zooms, size)} mm is zero; choose millimeters per voxel")
    if size.max() > 20.0:
        raise EchoPilotError(f"{field}: spacing {size.round(1)} mm is too coarse; choose 20 mm or less")
    axes = affine[:3, :3] / size
    skew = np.abs(axes.T @ axes - np.eye(3)).max()
    if skew > _SHEAR:
        raise EchoPilotError(
            f"{field}: affine is not rigid (axes {skew:.3f} off a right angle); choose a rotation times spacing: "
            "resample a scan with tilted gantry"
        )


def _whole(values: NDArray[np.float32], file: Path) -> NDArray[np.int16]:
    whole = np.rint(values)
    if np.abs(whole - values).max() > 1e-3 or values.min() < -0.5 or values.max() > 32000:
        raise EchoPilotError(f"labels: {file} holds no labels; choose whole numbers from 0 on")
    return whole.astype(np.int16)


def _table(table: str | Path | Mapping[int, str] | None, folder: Path) -> dict[int, str]:
    entries: Any = table
    if table is None or isinstance(table, (str, Path)):
        return read_class_table(folder / "labels.json" if table is None else Path(table))
    return _class_names(entries)


def read_class_table(file: Path) -> dict[int, str]:
    """Class names by label from a JSON file, directly or under "labels"; EchoPilotError for anything else."""
    if not file.exists():
        raise EchoPilotError(f"class table: {file} does not exist; choose a JSON file of numbers and class names")
    try:
        return _class_names(read_json(file))
    except (ValueError, OSError) as error:
        raise EchoPilotError(f"class table: {file} is no JSON ({_short(error)})") from None


def _class_names(entries: Any) -> dict[int, str]:
    if isinstance(entries, Mapping) and isinstance(entries.get("labels"), Mapping):
        entries = entries["labels"]
    try:
        return {int(value): canonical(one_line(name, 80)) for value, name in entries.items() if int(value) != 0}
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise EchoPilotError("class table: choose numbers mapped to class names, as {'1': 'aorta'}") from None


def _to_lps(
    labels: NDArray[np.int16], hounsfield: NDArray[np.float32] | None, affine: Array, names: dict[int, str], source: str
) -> CtVolume:
    """Turn and flip the voxel axes so that they run nearly left, backwards and up."""
    orientations: Any = nibabel.orientations
    T = _LPS_OF_RAS @ affine
    order = orientations.io_orientation(T)
    to = orientations.inv_ornt_aff(order, labels.shape)
    turned = orientations.apply_orientation(labels, order)
    density = None
    if hounsfield is not None:
        density = np.ascontiguousarray(orientations.apply_orientation(hounsfield, order), dtype=np.float32)
    T = T @ to
    spacing = np.linalg.norm(T[:3, :3], axis=0)
    return CtVolume(np.ascontiguousarray(turned), names, density, T, spacing, source)
