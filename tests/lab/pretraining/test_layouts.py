"""Public data sets are known by their layout, and nothing but their training part is read."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from echopilot_core import EchoPilotError
from echopilot_lab.pretraining.layouts import mnist_images
from echopilot_lab.pretraining.sources import find_sources
from echopilot_perception.pretraining.recipe.recipe import DataChoice
from echopilot_perception.pretraining.tree.label_tree import read_tree

TREE = read_tree()
ROWS, COLUMNS = np.mgrid[:112, :112] / 112.0
FAN = (np.abs(np.arctan2(COLUMNS - 0.5, ROWS)) < 0.7) & (np.hypot(COLUMNS - 0.5, ROWS) < 0.95)


def video(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 30, (112, 112))
    for _ in range(3):
        writer.write(cv2.cvtColor((150 * FAN).astype(np.uint8), cv2.COLOR_GRAY2BGR))
    writer.release()


def test_of_echonet_the_training_videos_are_read_as_apical_four_chamber_views(tmp_path: Path) -> None:
    rows = [f"{name},60,40,100,112,112,30,3,{split}" for name, split in (("a", "TRAIN"), ("b", "TEST"), ("c", "TRAIN"))]
    head = "FileName,EF,ESV,EDV,FrameHeight,FrameWidth,FPS,NumberOfFrames,Split"
    (tmp_path / "FileList.csv").write_text("\n".join([head, *rows]) + "\n")
    video(tmp_path / "Videos" / "a.avi")
    video(tmp_path / "Videos" / "b.avi")
    sources = find_sources(tmp_path, DataChoice(frames_per_clip=2), TREE)
    images = list(sources.images())
    assert [image.source for image in images] == ["Videos/a.avi"] * 2
    assert {image.label.paths for image in images} == {("thorax/heart/A4C",)} and not images[0].label.complete
    assert "c.avi" in sources.reader.left_out.remarks()[0]


def test_camus_images_know_their_view(tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel", reason="the training extra is not installed")
    for code in ("2CH", "4CH"):
        for ending, values in (("", 150 * FAN), ("_gt", 0 * FAN)):
            path = tmp_path / "patient0001" / f"patient0001_{code}_ED{ending}.nii.gz"
            path.parent.mkdir(exist_ok=True)
            array = np.ascontiguousarray(values.T.astype(np.uint8))
            nibabel.save(nibabel.Nifti1Image(array, np.diag([1.0, 1.0, 1.0, 1.0])), path)
    images = list(find_sources(tmp_path, DataChoice(), TREE).images())
    assert [image.label.paths[0] for image in images] == ["thorax/heart/A2C", "thorax/heart/A4C"]
    assert {image.source for image in images} == {"patient0001"}


def test_training_images_of_medmnist_show_the_organ_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "breastmnist_64.npz"
    arrays = {f"{split}_{what}": np.full((2, 64, 64), 90, np.uint8) if what == "images" else np.zeros((2, 1), np.uint8)
              for split in ("train", "val", "test") for what in ("images", "labels")}  # fmt: skip
    np.savez(path, **arrays)
    images = list(find_sources(tmp_path, DataChoice(), TREE).images())
    assert [image.label.paths for image in images] == [("thorax/breast",)] * 2 and images[0].sector.rectangle


@pytest.mark.parametrize(
    ("name", "images", "words"),
    [
        ("chestmnist.npz", np.zeros((1, 28, 28), np.uint8), "chest is no organ"),
        ("breastmnist.npz", np.full((1, 28, 28), np.nan), r"train_images is \(1, 28, 28\) float64"),
        ("breastmnist.npz", np.zeros((1, 8, 8), np.uint8), "images of 8 x 8 px show nothing"),
        ("breastmnist.npz", None, "holds no train_images"),
    ],
)
def test_other_files_of_the_layout_are_refused_in_one_line(
    name: str, images: np.ndarray | None, words: str, tmp_path: Path
) -> None:
    rest = {"train_labels": np.zeros((1, 1), np.uint8)}
    np.savez(tmp_path / name, **(rest if images is None else rest | {"train_images": images}))
    with pytest.raises(EchoPilotError, match=words) as error:
        list(mnist_images(tmp_path / name, TREE))
    assert "\n" not in str(error.value) and name in str(error.value)
