"""Frame times: known by the standard's fields, or said to be unknown; never assumed in silence."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage

from echopilot_perception import open_clip
from echopilot_perception.frames.frame_times import of_dicom, of_stamps

VECTOR, TIME = 0x00181065, 0x00181063


def fields(**values: object) -> Dataset:
    data = Dataset()
    for name, value in values.items():
        setattr(data, name, value)
    return data


@pytest.mark.parametrize(
    ("given", "times_ms", "source"),
    [
        ({"FrameTimeVector": [0, 40, 60, 50]}, [0, 40, 100, 150], "Frame Time Vector"),
        ({"FrameTimeVector": [40, 60, 50]}, [0, 40, 100, 150], "Frame Time Vector"),
        ({"FrameTimeVector": [0, 40, 60, 50], "FrameTime": 33}, [0, 40, 100, 150], "Frame Time Vector"),
        (
            {"FrameTimeVector": [0, 40, 60, 50], "FrameTime": 33, "FrameIncrementPointer": TIME},
            [0, 33, 66, 99],
            "Frame Time",
        ),
        ({"FrameTime": 76, "CineRate": 50}, [0, 76, 152, 228], "Frame Time"),
        ({"FrameTime": -33, "CineRate": 25}, [0, 40, 80, 120], "Cine Rate"),
        ({"ActualFrameDuration": 46}, [0, 46, 92, 138], "Actual Frame Duration"),
        ({"CineRate": 25, "RecommendedDisplayFrameRate": 10}, [0, 40, 80, 120], "Cine Rate"),
        ({"EffectiveDuration": 0.2}, [0, 50, 100, 150], "Effective Duration"),
    ],
)
def test_the_standard_s_fields_give_the_times(given: dict[str, object], times_ms: list[float], source: str) -> None:
    times = of_dicom(fields(**given), 4)
    assert times.known and times.source == source
    assert times.seconds * 1e3 == pytest.approx(times_ms)
    assert ("first entry" in times.remark) == (len(np.atleast_1d(given.get("FrameTimeVector", [0] * 4))) == 3)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "no frame times"),
        ({"FrameTime": -33.3}, "Frame Time -33.3"),
        ({"FrameTime": 0}, "Frame Time 0"),
        ({"CineRate": -5}, "Cine Rate -5"),
        ({"EffectiveDuration": -1}, "Effective Duration"),
        ({"FrameTimeVector": [0, 40, -60, 50]}, "not above 0"),
        ({"FrameTimeVector": [0, 40, 0, 50]}, "not above 0"),
        ({"FrameTimeVector": [0, 40]}, "2 entries for 4 frames"),
        ({"RecommendedDisplayFrameRate": 30}, "for display alone"),
    ],
)
def test_unknown_times_are_said_with_the_reason(given: dict[str, object], why: str) -> None:
    times = of_dicom(fields(**given), 4)
    assert not times.known and why in times.remark
    assert "no heart rate and no ejection fraction" in times.remark
    assert (np.diff(times.seconds) > 0).all()


def test_a_single_image_needs_no_times() -> None:
    assert of_dicom(fields(), 1).known and of_dicom(fields(), 1).remark == ""


def test_stamps_that_fall_or_stand_still_are_unknown() -> None:
    assert of_stamps([5.0, 5.1, 5.3], "Timestamp").seconds == pytest.approx([0.0, 0.1, 0.3])
    for bad in ([0.0, 0.1, 0.1], [0.0, 0.2, 0.1], [0.0, float("nan"), 0.2]):
        assert not of_stamps(bad, "Timestamp").known


def test_a_number_that_pydicom_cannot_read_does_not_refuse_the_clip(tmp_path: Path) -> None:
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = UltrasoundMultiFrameImageStorage, "1.2.3"
    data.Rows = data.Columns = 64
    data.NumberOfFrames, data.SamplesPerPixel, data.PhotometricInterpretation = 3, 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation = 7, 0
    data.PixelData = np.random.default_rng(0).integers(0, 255, (3, 64, 64), np.uint8).tobytes()
    data.FrameTime = "20.0"
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path = tmp_path / "comma.dcm"
    data.save_as(path, enforce_file_format=True)
    path.write_bytes(path.read_bytes().replace(b"20.0", b"20,0"))
    clip = open_clip(path)
    assert len(clip) == 3 and not clip.times.known and "Frame Time is no number" in clip.times.remark
    path.write_bytes(path.read_bytes().replace(b"20,0", b"nan "))
    assert "Frame Time is no number" in open_clip(path).times.remark


def test_images_of_a_folder_have_no_times(tmp_path: Path) -> None:
    for k in range(3):
        cv2.imwrite(str(tmp_path / f"{k}.png"), np.full((64, 64), 40 * k, np.uint8))
    clip = open_clip(tmp_path)
    assert not clip.times.known and any("frame times unknown" in line for line in clip.remarks)
    assert any("no scale" in line for line in clip.remarks)
