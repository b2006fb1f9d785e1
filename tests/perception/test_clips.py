"""Clips are read losslessly and in order; what is no clip is refused in one line."""

from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest

from echopilot_core import EchoPilotError
from echopilot_lab.fuzzing.files import dicom
from echopilot_perception.frames import open_clip


def write_dicom(path: Path, images: np.ndarray, palette: bool = False) -> None:
    """Multi-frame DICOM; gray or with an inverting palette."""
    data = dicom(images.astype(np.uint8), "PALETTE COLOR" if palette else "MONOCHROME2")
    pydicom.dcmwrite(path, data, enforce_file_format=True)


@pytest.fixture
def images() -> np.ndarray:
    rng = np.random.default_rng(2)
    stack = np.zeros((6, 64, 96), np.uint8)
    stack[:, 5:60, 10:88] = rng.integers(30, 255, (6, 55, 78))
    return stack


def test_dicom_is_lossless_in_order_with_spacing_and_times(tmp_path: Path, images: np.ndarray) -> None:
    write_dicom(tmp_path / "a.dcm", images)
    clip = open_clip(tmp_path / "a.dcm")
    assert np.array_equal(clip.images, images)
    assert clip.geometry.spacing_x_m == pytest.approx(0.0005)
    assert clip.geometry.spacing_y_m == pytest.approx(0.0006)
    assert clip.frame_times_s == pytest.approx(np.arange(6) * 0.04)
    assert [f.stamp_ns for f in clip.frames()] == [round(i * 4e7) for i in range(6)]


def test_palette_dicom_is_looked_up(tmp_path: Path, images: np.ndarray) -> None:
    write_dicom(tmp_path / "p.dcm", images, palette=True)
    assert np.abs(open_clip(tmp_path / "p.dcm").images.astype(int) - (255 - images.astype(int))).max() <= 1


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.98])
def test_truncated_dicom_is_refused(tmp_path: Path, images: np.ndarray, keep: float) -> None:
    write_dicom(tmp_path / "a.dcm", images)
    whole = (tmp_path / "a.dcm").read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[: int(keep * len(whole))])
    refused(tmp_path / "cut.dcm")


def test_a_text_file_is_refused_under_every_name(tmp_path: Path) -> None:
    for name in ("clip.dcm", "clip.mp4", "clip.png", "clip.txt", "clip"):
        (tmp_path / name).write_text("this is not a clip\n" * 50)
        refused(tmp_path / name)
    refused(tmp_path / "absent.dcm")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty")


def refused(path: Path) -> None:
    with pytest.raises(EchoPilotError) as caught:
        open_clip(path)
    assert "\n" not in str(caught.value)


def test_folder_of_images_in_the_order_of_names(tmp_path: Path, images: np.ndarray) -> None:
    for i in (3, 0, 5, 1, 4, 2):
        cv2.imwrite(str(tmp_path / f"frame_{i:03d}.png"), images[i])
    clip = open_clip(tmp_path)
    assert np.array_equal(clip.images, images)
    assert not clip.spacing_known and "assumed" in clip.imaging.preset


def test_video_has_every_frame(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "v.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 25.0, (160, 120), True)
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no MJPG")
    for i in range(12):
        writer.write(np.full((120, 160, 3), 10 + 15 * i, np.uint8))
    writer.release()
    clip = open_clip(tmp_path / "v.avi")
    assert len(clip) == 12 and clip.frame_rate_hz == pytest.approx(25.0, rel=0.02)
    assert (np.diff(clip.images.mean(axis=(1, 2))) > 5).all()
