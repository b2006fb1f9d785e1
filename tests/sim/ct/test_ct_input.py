"""Files that cannot become a patient give one line that names what is wrong with them."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_sim.anatomy.ct import load

AFFINE = np.diag([-2.0, -2.0, 2.0, 1.0])


def aorta() -> NDArray[np.uint8]:
    """A block of class 1 through 60 slices of 2 mm."""
    labels = np.zeros((24, 24, 60), np.uint8)
    labels[8:16, 8:16] = 1
    return labels


def save(folder: Path, name: str, values: NDArray[np.generic], affine: NDArray[np.float64] = AFFINE) -> Path:
    image = nibabel.Nifti1Image(values, affine)
    nibabel.save(image, folder / name)
    return folder


def table(folder: Path, names: dict[str, str]) -> Path:
    (folder / "labels.json").write_text(json.dumps(names))
    return folder


def good(folder: Path) -> Path:
    return table(save(folder, "labels.nii.gz", aorta()), {"1": "aorta"})


def sheared(folder: Path) -> Path:
    affine = AFFINE.copy()
    affine[1, 2] = 0.7
    return table(save(folder, "labels.nii.gz", aorta(), affine), {"1": "aorta"})


def zero_spacing(folder: Path) -> Path:
    affine = AFFINE.copy()
    affine[2, 2] = 0.0
    image = nibabel.Nifti1Image(aorta(), AFFINE)
    image.header.set_sform(affine, code=1)
    image.header.set_qform(None, code=0)
    image.header["pixdim"][3] = 0.0
    raw = image.header.binaryblock + b"\0" * 4 + np.asfortranarray(aorta()).tobytes(order="F")
    (folder / "labels.nii").write_bytes(raw)
    return table(folder, {"1": "aorta"})


def not_a_number(folder: Path) -> Path:
    values = aorta().astype(np.float32)
    values[0, 0, 0] = np.nan
    return table(save(folder, "labels.nii.gz", values), {"1": "aorta"})


def fractions(folder: Path) -> Path:
    return table(save(folder, "labels.nii.gz", aorta() * np.float32(0.4)), {"1": "aorta"})


def negative(folder: Path) -> Path:
    return table(save(folder, "labels.nii.gz", aorta().astype(np.int16) - 1000), {"1": "aorta"})


def flat(folder: Path) -> Path:
    return table(save(folder, "labels.nii.gz", aorta()[:, :, 0]), {"1": "aorta"})


def empty(folder: Path) -> Path:
    return table(save(folder, "labels.nii.gz", np.zeros((9, 9, 9), np.uint8)), {"1": "aorta"})


def only_a_liver(folder: Path) -> Path:
    return table(save(folder, "labels.nii.gz", aorta()), {"1": "liver"})


def unknown_class(folder: Path) -> Path:
    return table(save(folder, "labels.nii.gz", aorta()), {"1": "aortta"})


def unnamed_label(folder: Path) -> Path:
    return table(save(folder, "labels.nii.gz", aorta() * 3), {"1": "aorta"})


def no_table(folder: Path) -> Path:
    return save(folder, "labels.nii.gz", aorta())


def broken_table(folder: Path) -> Path:
    save(folder, "labels.nii.gz", aorta())
    (folder / "labels.json").write_text("{")
    return folder


def list_as_table(folder: Path) -> Path:
    save(folder, "labels.nii.gz", aorta())
    (folder / "labels.json").write_text('["aorta"]')
    return folder


def text_as_labels(folder: Path) -> Path:
    (folder / "labels.nii.gz").write_bytes(gzip.compress(b"no image at all"))
    return table(folder, {"1": "aorta"})


def cut_short(folder: Path) -> Path:
    good(folder)
    whole = (folder / "labels.nii.gz").read_bytes()
    (folder / "labels.nii.gz").write_bytes(whole[: len(whole) // 2])
    return folder


def other_shape(folder: Path) -> Path:
    return save(good(folder), "ct.nii.gz", np.zeros((24, 24, 59), np.int16))


def other_place(folder: Path) -> Path:
    affine = AFFINE.copy()
    affine[0, 3] = 30.0
    return save(good(folder), "ct.nii.gz", np.zeros(aorta().shape, np.int16), affine)


def speck(folder: Path) -> Path:
    labels = np.zeros((24, 24, 60), np.uint8)
    labels[8:10, 8:10, 20:23] = 1
    return table(save(folder, "labels.nii.gz", labels), {"1": "aorta"})


def ball(folder: Path) -> Path:
    x, y, z = np.indices((24, 24, 24)) - 12.0
    return table(save(folder, "labels.nii.gz", (x * x + y * y + z * z < 64.0).astype(np.uint8)), {"1": "aorta"})


def lonely_ventricle(folder: Path) -> Path:
    return table(save(folder, "labels.nii.gz", aorta()), {"1": "heart_ventricle_left"})


def small_ventricle(folder: Path) -> Path:
    labels = aorta()
    labels[:, :, 10:] = 0
    labels[8:12, 8:12, 10:20] = 2
    return table(save(folder, "labels.nii.gz", labels), {"1": "heart_ventricle_left", "2": "heart_atrium_left"})


def nothing(folder: Path) -> Path:
    return folder


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (sheared, "affine is not rigid"),
        (zero_spacing, "spacing"),
        (not_a_number, "not finite"),
        (fractions, "no labels"),
        (negative, "no labels"),
        (flat, "no volume"),
        (empty, "neither aorta nor heart_ventricle_left"),
        (only_a_liver, "neither aorta nor heart_ventricle_left"),
        (unknown_class, "unknown class 'aortta'.*aorta"),
        (unnamed_label, "label 3 is not named"),
        (no_table, "class table: .*labels.json does not exist"),
        (broken_table, "no JSON"),
        (list_as_table, "class table: choose numbers"),
        (text_as_labels, "no NIfTI file"),
        (cut_short, "truncated|unpacked"),
        (other_shape, r"ct: shape \(24, 24, 59\)"),
        (other_place, "30.0 mm away"),
        (speck, "aorta has 12 voxels"),
        (ball, "that is no tube"),
        (lonely_ventricle, "heart_atrium_left and heart_ventricle_right are missing"),
        (small_ventricle, "holds .* mL; a heart needs"),
        (nothing, "has no labels.nii.gz"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_cannot_be_used_gives_one_line(tmp_path: Path, make: Callable[[Path], Path], named: str) -> None:
    with pytest.raises(EchoPilotError, match=named) as error:
        load(make(tmp_path))
    assert "\n" not in str(error.value)


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match="does not exist"):
        load(tmp_path / "nowhere.nii.gz")


def test_the_table_can_be_given_and_masks_can_stand_alone(tmp_path: Path) -> None:
    save(tmp_path, "labels.nii.gz", aorta())
    given = load(tmp_path, table={1: "aorta"})
    folder = tmp_path / "masks"
    folder.mkdir()
    merged = load(save(folder, "aorta.nii.gz", aorta()))
    assert given.vessels.aorta is not None and merged.vessels.aorta is not None
    np.testing.assert_allclose(given.vessels.aorta.outer_m, merged.vessels.aorta.outer_m)
