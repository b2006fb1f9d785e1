"""Folders, images and clips become labeled images; what cannot be read is counted and left out."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from small_run import fan_images

from echopilot_core import EchoPilotError
from echopilot_perception.pretraining.data.folders import FolderReader
from echopilot_perception.pretraining.recipe.recipe import DataChoice
from echopilot_perception.pretraining.tree.label_tree import read_tree
from echopilot_perception.pretraining.tree.targets import NOTHING_KNOWN


@pytest.fixture(scope="module")
def png() -> bytes:
    screen = np.zeros((320, 400), np.uint8)
    screen[30:286, 70:326] = next(fan_images(1)).image
    return cv2.imencode(".png", screen)[1].tobytes()


def reader(root: Path, names: list[str], png: bytes, **choice: object) -> FolderReader:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(png)
    return FolderReader(root, DataChoice(**choice), read_tree())  # type: ignore[arg-type]


def test_folders_name_organs_regions_views_and_states(tmp_path: Path, png: bytes) -> None:
    names = {
        "liver/p1/1.png": ("abdomen/liver",),
        "Kidney + Liver/1.png": ("abdomen/kidney", "abdomen/liver"),
        "cardiac/A4C/effusion/1.png": ("thorax/heart/A4C/effusion",),
        "thorax/echo/p7/plax/1.png": ("thorax/heart/PLAX",),
        "pelvis/1.png": ("pelvis",),
        "unlabeled/liver/1.png": (),
    }
    folders = reader(tmp_path, list(names), png)
    clips = folders.clips()
    assert folders.names_are_labels(clips) and len(clips) == len(names)
    assert {str(c.relative_to(tmp_path)): folders.label_of(c.parent).paths for c in clips} == names


def test_an_image_has_its_sector(tmp_path: Path, png: bytes) -> None:
    image = next(reader(tmp_path, ["1.png"], png).images())
    assert not image.sector.rectangle and image.sector.half == pytest.approx(0.7, abs=0.05)
    assert image.label == NOTHING_KNOWN


def test_where_no_folder_is_an_organ_nothing_is_labeled(tmp_path: Path, png: bytes) -> None:
    folders = reader(tmp_path, ["site1/1.png", "site2/1.png"], png)
    assert not folders.names_are_labels(folders.clips())


def test_a_folder_that_is_no_organ_among_organs_is_refused_with_the_choices(tmp_path: Path, png: bytes) -> None:
    folders = reader(tmp_path, ["liver/1.png", "livr/1.png"], png)
    with pytest.raises(EchoPilotError, match=r"folder livr is no organ .* abdominal_aorta, .*liver") as error:
        list(folders.images())
    assert "\n" not in str(error.value)
    unlabeled = FolderReader(tmp_path, DataChoice(labels="none"), read_tree())
    assert {image.label for image in unlabeled.images()} == {NOTHING_KNOWN}


def test_labels_that_are_asked_for_must_be_there(tmp_path: Path, png: bytes) -> None:
    with pytest.raises(EchoPilotError, match="site1 is no organ"):
        list(reader(tmp_path, ["site1/1.png"], png, labels="folders").images())


def test_files_that_cannot_be_read_are_left_out_and_counted(tmp_path: Path, png: bytes) -> None:
    folders = reader(tmp_path, ["liver/1.png", "liver/.hidden.png", "liver/notes.txt", "liver/masks/1.png"], png)
    (tmp_path / "liver" / "2.png").write_bytes(png[:200])
    (tmp_path / "liver" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "liver" / "3.mp4").write_bytes(b"")
    assert len(list(folders.images())) == 1
    (remark,) = folders.left_out.remarks()
    assert remark.startswith("2 files were left out; first: ") and "2.png" in remark and "\n" not in remark


def test_a_clip_gives_frames_evenly_and_never_more_than_asked_for(tmp_path: Path, png: bytes) -> None:
    gray = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    writer = cv2.VideoWriter(
        str(tmp_path / "a.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 25, (gray.shape[1], gray.shape[0])
    )
    for _ in range(12):
        writer.write(gray)
    writer.release()
    found = list(FolderReader(tmp_path, DataChoice(frames_per_clip=5), read_tree()).images())
    assert [image.source for image in found] == ["a.avi"] * 5


def test_others_of_an_incomplete_label_are_not_absent(tmp_path: Path, png: bytes) -> None:
    image = next(reader(tmp_path, ["liver/1.png"], png, other_organs="unknown").images())
    assert not image.label.complete
