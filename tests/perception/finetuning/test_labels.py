"""Labels that users bring become samples of the right cells, and what cannot be meant is one line."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from echopilot_core import EchoPilotError, FindingKind, LandmarkName, SegmentationClass, View
from echopilot_perception.finetuning.known_labels import known_spec
from echopilot_perception.finetuning.labels.class_names import ClassNames, parse_class_names
from echopilot_perception.finetuning.labels.coco import read_coco
from echopilot_perception.finetuning.labels.labeled_images import LabeledImage, read_image, split_by_patient
from echopilot_perception.finetuning.labels.mask_folder import read_mask_folder
from echopilot_perception.finetuning.labels.table import read_table
from echopilot_perception.finetuning.task_heads import task_head
from echopilot_perception.heads.disease import KINDS
from echopilot_perception.heads.sizes import NAMES
from echopilot_perception.training.samples import Sample, stack

SIDE, LEFT, RIGHT, TOP, BOTTOM = 256, 96, 160, 100, 180
VESSEL = parse_class_names(["AO_LUMEN=0,128,0"])


def image(path: Path, seed: int = 0, black: bool = False) -> Path:
    """A noisy rectangle as wide and deep as the file, which a linear probe shows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(60, 200, (SIDE, SIDE)).astype(np.uint8)
    cv2.imwrite(str(path), 0 * values if black else values)
    return path


def mask(path: Path, color: tuple[int, int, int] = (0, 128, 0)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.zeros((SIDE, SIDE, 3), np.uint8)
    values[TOP:BOTTOM, LEFT:RIGHT] = color[::-1]
    cv2.imwrite(str(path), values)
    return path


def share(labels: np.ndarray, value: int) -> float:
    return float((labels == value).mean())


RECTANGLE = (RIGHT - LEFT) * (BOTTOM - TOP) / SIDE**2


def test_a_mask_lands_on_the_cells_that_show_it(tmp_path: Path) -> None:
    for name in ("a/1.png", "a/2.png", "b/1.png"):
        image(tmp_path / "images" / name), mask(tmp_path / "masks" / name)
    images = list(read_mask_folder(tmp_path, VESSEL))
    assert [i.patient for i in images] == ["a", "a", "b"]
    labels = images[0].sample.labels
    assert share(labels, SegmentationClass.AO_LUMEN) == pytest.approx(RECTANGLE, rel=0.05)
    rows, columns = np.nonzero(labels == SegmentationClass.AO_LUMEN)
    assert rows.mean() == pytest.approx(0.5 * (TOP + BOTTOM) / SIDE * 128, abs=1.0)
    assert columns.mean() == pytest.approx(0.5 * (LEFT + RIGHT) / SIDE * 128, abs=1.0)


def test_colors_that_were_not_named_are_background_and_counted(tmp_path: Path) -> None:
    image(tmp_path / "images" / "1.png"), mask(tmp_path / "masks" / "1.png", (128, 0, 0))
    names = parse_class_names(["AO_LUMEN=0,128,0"])
    labels = next(read_mask_folder(tmp_path, names)).sample.labels
    assert share(labels, SegmentationClass.BACKGROUND) == 1.0 and names.others == {"128,0,0": 1}


def test_without_a_choice_gray_levels_are_the_numbers_of_classes(tmp_path: Path) -> None:
    image(tmp_path / "images" / "1.png"), mask(tmp_path / "masks" / "1.png", (int(SegmentationClass.LA),) * 3)
    labels = next(read_mask_folder(tmp_path, ClassNames())).sample.labels
    assert share(labels, SegmentationClass.LA) == pytest.approx(RECTANGLE, rel=0.05)


def test_polygons_and_masks_of_the_same_shape_agree(tmp_path: Path) -> None:
    file = coco(
        tmp_path, "vessel", {"segmentation": [[LEFT, TOP, RIGHT - 1, TOP, RIGHT - 1, BOTTOM - 1, LEFT, BOTTOM - 1]]}
    )
    outlined = next(read_coco(file, "segmentation", parse_class_names(["AO_LUMEN=vessel"]))).sample.labels
    image(tmp_path / "m" / "images" / "1.png"), mask(tmp_path / "m" / "masks" / "1.png")
    assert (outlined != next(read_mask_folder(tmp_path / "m", VESSEL)).sample.labels).mean() < 0.005


def test_a_box_of_a_finding_covers_its_cells(tmp_path: Path) -> None:
    file = coco(tmp_path, "THROMBUS", {"bbox": [LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP]})
    disease = next(read_coco(file, "detection", ClassNames())).sample.disease
    bit = 1 << KINDS.index(FindingKind.THROMBUS)
    assert set(np.unique(disease)) == {0, bit} and share(disease, bit) == pytest.approx(RECTANGLE, rel=0.1)


def test_tables_teach_views_quality_sizes_and_landmarks(tmp_path: Path) -> None:
    image(tmp_path / "1.png"), image(tmp_path / "2.png", 1)
    table(
        tmp_path, "file,patient,view,quality,aorta_outer_ap_mm,depth_mm", "1.png,p,A4C,0.25,20,80", "2.png,q,NONE,1,,80"
    )
    views, qualities, sizes = ([i.sample for i in read_table(tmp_path, t)] for t in ("view", "quality", "sizes"))
    assert [s.view for s in views] == [View.A4C, View.NONE] and [s.quality for s in qualities] == [0.25, 1.0]
    depth_mm = 1e3 * read_image(tmp_path / "1.png", 0.08).frame.geometry.depth_m
    assert sizes[0].sizes[0] == pytest.approx(0.020 / (depth_mm / 160.0)) and np.isnan(sizes[1].sizes).all()
    assert len(NAMES) == 3
    table(tmp_path, "file,landmark,x_px,y_px", "1.png,APEX,128,64", "1.png,AORTA_NEAR,128,200")
    (points,) = (i.sample.landmarks for i in read_table(tmp_path, "landmarks"))
    assert points[LandmarkName.APEX, 0] == pytest.approx(0.0, abs=1e-3)
    assert points[LandmarkName.APEX, 1] == pytest.approx(0.16 * 64 / SIDE, abs=2e-3)
    assert np.isfinite(points).all(axis=1).sum() == 2


def test_no_patient_is_on_both_sides(tmp_path: Path) -> None:
    sample = read_sample(tmp_path)
    images = [LabeledImage(sample, f"p{k // 3}", f"{k}") for k in range(30)]
    train, validation, held_out = split_by_patient(images, seed=1)
    assert len(held_out) == 2 and len(validation) == 6 and len(train) == 24
    with pytest.raises(EchoPilotError, match="1 patient are too few"):
        split_by_patient(images[:3], seed=1)


def read_sample(folder: Path) -> Sample:
    image(folder / "images" / "1.png"), mask(folder / "masks" / "1.png")
    return next(read_mask_folder(folder, VESSEL)).sample


def test_a_single_class_is_nothing_to_tell_apart(tmp_path: Path) -> None:
    sample = read_sample(tmp_path)
    spec = known_spec(task_head("segmentation"), stack([sample]))
    assert spec.classes == (SegmentationClass.BACKGROUND, SegmentationClass.AO_LUMEN)
    for name in ("view", "quality", "landmarks", "sizes", "detection"):
        with pytest.raises(EchoPilotError, match="nothing to tell apart"):
            known_spec(task_head(name), stack([sample]))


def coco(folder: Path, category: str, annotation: dict[str, object]) -> Path:
    image(folder / "1.png")
    document = {
        "images": [{"id": 7, "file_name": "1.png"}],
        "categories": [{"id": 3, "name": category}],
        "annotations": [{"id": 1, "image_id": 7, "category_id": 3, **annotation}],
    }
    (folder / "labels.json").write_text(json.dumps(document))
    return folder / "labels.json"


def table(folder: Path, *rows: str) -> None:
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")


def broken_masks(change: Callable[[Path], object]) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        image(folder / "images" / "1.png"), mask(folder / "masks" / "1.png")
        change(folder)
        return list(read_mask_folder(folder, ClassNames()))

    return read


def read_rows(task: str, *rows: str) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        image(folder / "1.png"), table(folder, *rows)
        return list(read_table(folder, task))

    return read


def read_annotation(task: str, category: str, annotation: dict[str, object]) -> Callable[[Path], object]:
    return lambda folder: list(read_coco(coco(folder, category, annotation), task, ClassNames()))


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (broken_masks(lambda f: (f / "images" / "1.png").unlink()), "holds no image"),
        (broken_masks(lambda f: (f / "masks" / "1.png").unlink()), "every image needs one"),
        (broken_masks(lambda f: (f / "masks" / "1.png").write_bytes(b"x")), "1.png"),
        (broken_masks(lambda f: None), "0,128,0, which is no number of a class"),
        (broken_masks(lambda f: image(f / "images" / "1.png", black=True) and mask(f / "masks" / "1.png", (1, 1, 1))),
         "shows nothing"),
        (lambda f: parse_class_names(["VESSEL=1"]), "CLASS is one of BACKGROUND, LV"),
        (lambda f: parse_class_names(["LV"]), "must be CLASS=VALUE"),
        (read_rows("view", "file", "1.png"), "view needs the columns file, view"),
        (read_rows("view", "file,view", "1.png,A9C"), "row 2: view 'A9C' is not known"),
        (read_rows("view", "file,view", "../1.png,A4C"), "no file"),
        (read_rows("view", "file,view", "1.png,A4C", "1.png,A4C"), "has a row already"),
        (read_rows("view", "file,view"), "has no rows"),
        (read_rows("quality", "file,quality", "1.png,nan"), "quality is 'nan'"),
        (read_rows("sizes", "file,root_mm", "1.png,30"), "the file has no scale"),
        (read_rows("landmarks", "file,landmark,x_px,y_px", "1.png,NOSE,1,1"), "landmark 'NOSE' is not known"),
        (read_rows("landmarks", "file,landmark,x_px,y_px", "1.png,APEX,9999,1"), "x_px is '9999'"),
        (read_annotation("segmentation", "vessel", {"segmentation": [[1, 1, 2, 2, 3, 3]]}), "none of our classes"),
        (read_annotation("segmentation", "LV", {"segmentation": {"counts": "abc"}}), "run lengths are not read"),
        (read_annotation("segmentation", "LV", {"segmentation": [[1, 1]]}), "x and y of three points"),
        (read_annotation("detection", "nodule", {"bbox": [1, 1, 5, 5]}), "no finding of the graph"),
        (read_annotation("detection", "EFFUSION", {"bbox": [1, 1, 0, 5]}), "above 0"),
        (read_annotation("detection", "EFFUSION", {"bbox": [1, "a", 2, 5]}), "no list of usual numbers"),
        (read_annotation("detection", "EFFUSION", {"image_id": None}), "not in the COCO format"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_one_line(read: Callable[[Path], object], words: str, tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError) as caught:
        read(tmp_path)
    assert words in str(caught.value) and "\n" not in str(caught.value)
