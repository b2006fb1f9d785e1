"""Scale of a DICOM clip by the standard's rules, in both directions; other modalities are refused."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset

from echopilot_core import EchoPilotError
from echopilot_lab.fuzzing.files import dicom, written
from echopilot_perception.frames import open_clip
from echopilot_perception.frames.image_sequence import ImageSequence, Region
from echopilot_perception.frames.readers.reading import read_clip

GRAY = np.random.default_rng(4).integers(20, 255, (3, 48, 64)).astype(np.uint8)


def plain(**values: object) -> Dataset:
    """A data set without regions, with `values`."""
    data = dicom(GRAY)
    del data.SequenceOfUltrasoundRegions
    for name, value in values.items():
        setattr(data, name, value)
    return data


def read(data: Dataset, path: Path) -> ImageSequence:
    (path / "a.dcm").write_bytes(written(data))
    return read_clip(path / "a.dcm")


def test_pixel_spacing_counts_without_regions_rows_first(tmp_path: Path) -> None:
    assert read(plain(PixelSpacing=["0.4", "0.3"]), tmp_path).region == Region(0, 0, 64, 48, 3e-4, 4e-4)
    groups, measures = Dataset(), Dataset()
    measures.PixelSpacing = ["0.4", "0.3"]
    groups.PixelMeasuresSequence = [measures]
    found = read(plain(SharedFunctionalGroupsSequence=[groups]), tmp_path)
    assert found.region == Region(0, 0, 64, 48, 3e-4, 4e-4)
    assert open_clip(tmp_path / "a.dcm").spacing_known


@pytest.mark.parametrize("spacing", [["1", "1"], ["0", "0.3"], ["-0.3", "0.3"], ["50", "50"], ["0.3"]])
def test_a_pixel_spacing_that_is_none_is_not_used(spacing: list[str], tmp_path: Path) -> None:
    assert read(plain(PixelSpacing=spacing), tmp_path).region is None


def test_a_pixel_spacing_with_a_comma_does_not_refuse_the_clip(tmp_path: Path) -> None:
    raw = written(plain(PixelSpacing=["0.3", "0.3"])).replace(b"0.3\\0.3", b"0,3\\0,3")
    (tmp_path / "a.dcm").write_bytes(raw)
    assert read_clip(tmp_path / "a.dcm").region is None


@pytest.mark.parametrize("name", ["ImagerPixelSpacing", "NominalScannedPixelSpacing"])
def test_the_spacing_of_a_detector_or_film_is_not_that_of_the_body(name: str, tmp_path: Path) -> None:
    found = read(plain(**{name: ["0.3", "0.3"]}), tmp_path)
    assert found.region is None and "not of the body" in found.remarks[0]
    clip = open_clip(tmp_path / "a.dcm")
    assert not clip.spacing_known and any("not of the body" in line for line in clip.remarks)


def region(data: Dataset, **values: object) -> Dataset:
    """`data` with the values of its region changed."""
    for name, value in values.items():
        setattr(data.SequenceOfUltrasoundRegions[0], name, value)
    return data


def test_a_region_of_color_flow_has_a_scale_and_tissue_comes_first(tmp_path: Path) -> None:
    found = read(region(dicom(GRAY), RegionDataType=2), tmp_path).region
    assert found == Region(4, 2, 60, 46, 5e-4, 6e-4)
    data = region(dicom(GRAY), RegionDataType=2)
    small = dicom(GRAY).SequenceOfUltrasoundRegions[0]
    small.RegionLocationMaxX1, small.PhysicalDeltaX = 30, 0.02
    data.SequenceOfUltrasoundRegions.append(small)
    assert read(data, tmp_path).region == Region(4, 2, 31, 46, 2e-4, 6e-4)


@pytest.mark.parametrize("changes", [{"PhysicalDeltaX": -0.05}, {"PhysicalDeltaY": -0.06}, {"PhysicalDeltaX": 0.05}])
def test_the_sign_of_a_delta_is_a_direction(changes: dict[str, float], tmp_path: Path) -> None:
    assert read(region(dicom(GRAY), **changes), tmp_path).region == Region(4, 2, 60, 46, 5e-4, 6e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {"PhysicalDeltaX": 0.0},
        {"PhysicalDeltaY": float("nan")},
        {"RegionDataType": 3},
        {"RegionSpatialFormat": 2},
        {"PhysicalUnitsXDirection": 4},
        {"RegionLocationMaxX1": 5},
    ],
)
def test_a_region_without_a_usable_scale_leaves_it_to_pixel_spacing(changes: dict[str, float], tmp_path: Path) -> None:
    assert read(region(dicom(GRAY), **changes), tmp_path).region is None
    data = region(dicom(GRAY), **changes)
    data.PixelSpacing = ["0.4", "0.3"]
    assert read(data, tmp_path).region == Region(0, 0, 64, 48, 3e-4, 4e-4)


def test_a_region_that_lacks_a_field_does_not_refuse_the_clip(tmp_path: Path) -> None:
    data = dicom(GRAY)
    del data.SequenceOfUltrasoundRegions[0].PhysicalDeltaX
    assert read(data, tmp_path).region is None


@pytest.mark.parametrize("modality", ["CT", "MR", "XA", "IVUS", "CR", "ES", "SM"])
def test_other_modalities_are_refused_by_name(modality: str, tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match=rf"a\.dcm shows {modality}.*only ultrasound"):
        read(plain(Modality=modality), tmp_path)


@pytest.mark.parametrize("modality", ["US", "OT", "", None])
def test_ultrasound_and_untold_modalities_are_read(modality: str | None, tmp_path: Path) -> None:
    assert len(read(plain(Modality=modality) if modality is not None else plain(), tmp_path).gray) == 3


def test_the_class_tells_a_modality_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match="shows CT"):
        read(plain(SOPClassUID="1.2.840.10008.5.1.4.1.1.2"), tmp_path)
    with pytest.raises(EchoPilotError, match="volumes"):
        read(plain(SOPClassUID="1.2.840.10008.5.1.4.1.1.6.2", Modality="US"), tmp_path)
