"""A folder of DICOM files is one clip: one series in its order, or the largest of several, and that is said."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset

from echopilot_core import EchoPilotError
from echopilot_lab.fuzzing.files import dicom, written
from echopilot_perception.frames.readers.reading import read_clip

GRAY = np.random.default_rng(4).integers(20, 255, (12, 48, 64)).astype(np.uint8)


def single(k: int, **values: object) -> Dataset:
    """Image `k` of `GRAY` as an object of its own."""
    data = dicom(GRAY[k : k + 1])
    del data.FrameTimeVector
    data.Modality, data.SeriesInstanceUID, data.SOPInstanceUID = "US", "1.2.9", f"1.2.3.{k}"
    for name, value in values.items():
        setattr(data, name, value)
    return data


def put(folder: Path, name: str, data: Dataset) -> None:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / name).write_bytes(written(data))


def test_a_series_is_sorted_by_instance_number(tmp_path: Path) -> None:
    for k in range(12):
        put(tmp_path, f"{(7 * k) % 12}", single(k, InstanceNumber=str(k + 1)))
    found = read_clip(tmp_path)
    assert np.array_equal(found.gray, GRAY) and found.region is not None and found.remarks == ()
    assert not found.times.known


def test_without_numbers_the_time_of_the_images_sorts_and_times_them(tmp_path: Path) -> None:
    for k in range(12):
        put(tmp_path, f"{(5 * k) % 12}.dcm", single(k, ContentTime=f"105959.{400000 + 40000 * k}"))
    found = read_clip(tmp_path)
    assert np.array_equal(found.gray, GRAY)
    assert found.times.source == "Content Time" and found.times.seconds == pytest.approx(0.04 * np.arange(12))


def test_stills_seconds_apart_have_no_frame_times(tmp_path: Path) -> None:
    for k in range(3):
        put(tmp_path, f"{k}.dcm", single(k, ContentTime=f"1059{10 + 5 * k}"))
    assert not read_clip(tmp_path).times.known


def test_without_any_order_the_names_sort(tmp_path: Path) -> None:
    for k in range(12):
        put(tmp_path, f"IM{k}", single(k))
    assert np.array_equal(read_clip(tmp_path).gray, GRAY)


def test_of_several_series_the_largest_is_read_and_said(tmp_path: Path) -> None:
    for k in range(12):
        series = (
            {"SeriesInstanceUID": "1.2.9.1", "SeriesDescription": "small"} if k < 4 else {"SeriesDescription": "A4C"}
        )
        put(tmp_path / "study" / ("a" if k < 4 else "b"), f"IM{k}", single(k, InstanceNumber=str(k), **series))
    found = read_clip(tmp_path)
    assert np.array_equal(found.gray, GRAY[4:])
    assert "2 series" in found.remarks[0] and "A4C" in found.remarks[0] and "8 frames" in found.remarks[0]


def test_of_several_clips_the_longest_is_read_and_said(tmp_path: Path) -> None:
    put(tmp_path, "short.dcm", single(0))
    long = dicom(GRAY[:5])
    long.SeriesInstanceUID = "1.2.9"
    put(tmp_path, "long.dcm", long)
    found = read_clip(tmp_path)
    assert np.array_equal(found.gray, GRAY[:5]) and "long.dcm" in found.remarks[0]
    assert found.times.source == "Frame Time Vector"


def test_other_sizes_and_other_modalities_are_left_out(tmp_path: Path) -> None:
    for k in range(3):
        put(tmp_path, f"{k}", single(k, InstanceNumber=str(k)))
    report = single(0, InstanceNumber="9")
    for name in ("PixelData", "Rows", "Columns"):
        delattr(report, name)
    put(tmp_path, "report", report)
    put(tmp_path, "ct", single(4, Modality="CT", InstanceNumber="4"))
    odd = dicom(GRAY[:1, :40])
    odd.SeriesInstanceUID, odd.InstanceNumber = "1.2.9", "5"
    put(tmp_path, "odd", odd)
    found = read_clip(tmp_path)
    assert np.array_equal(found.gray, GRAY[:3]) and "2 sizes" in found.remarks[0]


def test_a_folder_of_another_modality_is_refused_by_its_name(tmp_path: Path) -> None:
    for k in range(3):
        put(tmp_path / "head", f"{k}.dcm", single(k, Modality="CT"))
    with pytest.raises(EchoPilotError, match="head shows CT"):
        read_clip(tmp_path / "head")


def test_images_of_another_scale_leave_the_scale_open(tmp_path: Path) -> None:
    for k in range(3):
        data = single(k, InstanceNumber=str(k))
        data.SequenceOfUltrasoundRegions[0].PhysicalDeltaX = 0.05 + 0.01 * k
        put(tmp_path, f"{k}", data)
    found = read_clip(tmp_path)
    assert found.region is None and "scale" in found.remarks[-1]


def test_wide_images_of_a_series_share_their_levels(tmp_path: Path) -> None:
    for k in range(3):
        data = dicom(np.full((1, 48, 64), 400 * (k + 1), np.uint16))
        data.SeriesInstanceUID, data.InstanceNumber = "1.2.9", str(k)
        put(tmp_path, f"{k}", data)
    assert [int(image[0, 0]) for image in read_clip(tmp_path).gray] == [85, 170, 255]


def test_a_damaged_file_of_a_series_is_named(tmp_path: Path) -> None:
    for k in range(3):
        put(tmp_path, f"{k}.dcm", single(k, InstanceNumber=str(k)))
    whole = (tmp_path / "1.dcm").read_bytes()
    (tmp_path / "1.dcm").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EchoPilotError) as caught:
        read_clip(tmp_path)
    assert "\n" not in str(caught.value)
