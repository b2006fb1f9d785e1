"""`echopilot finetune` makes a model folder that perception runs at once, and refuses bad input."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="the training extra is not installed")

import torch

from echopilot_core import EchoPilotError, HeadName, SegmentationClass, View
from echopilot_exam.machine.needed_heads import why_not_possible
from echopilot_exam.protocol.protocol import load_protocol
from echopilot_lab.cli.app import app
from echopilot_perception.frames import open_clip
from echopilot_perception.model import read_manifest
from echopilot_perception.pipeline import Perception
from echopilot_perception.pretraining.encoders.build import build_pretrain_encoder
from echopilot_perception.pretraining.encoders.choice import EncoderChoice
from echopilot_perception.pretraining.encoders.saved import save_encoder

SIDE, PATIENTS, RADIUS = 256, 6, 40
SAME = ("--class", "AO_LUMEN=0,128,0", "--epochs", 30)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dark discs in noise with green masks, two images of each patient, and a table of their sides."""
    folder, rng = tmp_path_factory.mktemp("vessels"), np.random.default_rng(5)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    table = ["file,patient,view"]
    for patient in range(PATIENTS):
        for number in range(2):
            x, y = 64 + 128 * number, int(rng.integers(80, 176))
            inside = np.hypot(columns - x, rows - y) < RADIUS
            gray = np.where(inside, 6, rng.integers(90, 200, (SIDE, SIDE))).astype(np.uint8)
            mask = np.zeros((SIDE, SIDE, 3), np.uint8)
            mask[inside] = (0, 128, 0)
            for kind, values in (("images", gray), ("masks", mask)):
                path = folder / kind / f"p{patient}" / f"{number}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), values)
            table.append(f"images/p{patient}/{number}.png,p{patient},{'A4C' if number else 'PLAX'}")
    (folder / "labels.csv").write_text("\n".join(table) + "\n")
    return folder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("encoder") / "encoder.pth"
    save_encoder(path, build_pretrain_encoder(EncoderChoice(), 3))
    return path


def finetune(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["finetune", *map(str, arguments), "--threads", "1"])
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture(scope="module")
def vessels(data: Path, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a two-class segmentation."""
    out = tmp_path_factory.mktemp("run") / "out"
    code, told = finetune("segmentation", "--from", encoder, *SAME, "--labels", data, "--out", out, "--name", "vessels",
                          "--json", out.parent / "f.json")  # fmt: skip
    assert code == 0, told
    return out


def test_a_two_class_segmentation_runs_in_perception_and_outlines_what_it_learned(vessels: Path, data: Path) -> None:
    manifest = read_manifest(vessels / "model")
    assert [head.name for head in manifest.heads] == ["segmentation"]
    assert manifest.spec.classes == (SegmentationClass.BACKGROUND, SegmentationClass.AO_LUMEN)
    figures = json.loads((vessels.parent / "f.json").read_text())
    assert figures["held_out"]["dice.AO_LUMEN"] > 0.5 and figures["begun_from"] == "edge encoder encoder.pth"
    perception = Perception(vessels / "model")
    frame = next(open_clip(data / "images" / "p0" / "1.png").frames())
    result = perception.see(frame)
    assert result.heads == {HeadName.SEGMENTATION} and result.model_id == "vessels"
    assert {e.tissue for e in result.extents} <= {SegmentationClass.AO_LUMEN} and result.extents
    assert result.extents[0].centroid_x_m > 0.02 and not result.measurements and not result.guidance
    unknown = [result.quality, result.ood_score, *result.coupling]
    assert np.isnan(unknown).all() and result.view is View.NONE and result.enhanced is None
    perception.close()


def test_the_exam_says_what_that_model_lacks(vessels: Path, data: Path) -> None:
    result = Perception(vessels / "model").see(next(open_clip(data / "images" / "p0" / "1.png").frames()))
    step = load_protocol("full").steps[0]
    assert "the model vessels has no view, quality, coupling, ood, guidance" in why_not_possible(result, step)


def test_the_same_command_finds_the_run_finished_and_another_start_is_refused(
    vessels: Path, data: Path, encoder: Path
) -> None:
    same = ("segmentation", "--labels", data, *SAME, "--out", vessels)
    before = read_manifest(vessels / "model").spec
    code, told = finetune(*same, "--from", encoder, "--name", "vessels")
    assert code == 0 and "epoch" not in told and read_manifest(vessels / "model").spec == before
    code, told = finetune(*same)
    assert code == 2 and "differs in start; give another --out" in told


def test_views_of_a_table_become_a_model_that_names_them_alone(data: Path, tmp_path: Path) -> None:
    code, told = finetune("view", "--labels", data, "--epochs", 1, "--out", tmp_path / "out")
    assert code == 0, told
    manifest = read_manifest(tmp_path / "out" / "model")
    assert manifest.spec.views == (View.PLAX, View.A4C)
    result = Perception(tmp_path / "out" / "model").see(next(open_clip(data / "images" / "p0" / "0.png").frames()))
    assert result.view in (View.PLAX, View.A4C) and result.view_probability.sum() == pytest.approx(1.0)
    assert result.heads == {HeadName.VIEW} and not result.extents and not result.label_map.labels.any()


def test_an_encoder_in_echocares_layout_is_tuned_by_low_rank_updates_and_runs_as_one_file(
    data: Path, tmp_path: Path
) -> None:
    pytest.importorskip("monai", reason="the training extra is not installed")
    small = EncoderChoice("swin", 8, (1, 1, 1, 1), (1, 2, 4, 8))
    save_encoder(tmp_path / "swin.pth", build_pretrain_encoder(small, 1))
    code, told = finetune(
        "view", "--from", tmp_path / "swin.pth", "--labels", data, "--epochs", 1, "--out", tmp_path / "o"
    )
    assert code == 0 and "low-rank updates" in told, told
    result = Perception(tmp_path / "o" / "model").see(next(open_clip(data / "images" / "p0" / "0.png").frames()))
    assert result.heads == {HeadName.VIEW} and np.isfinite(result.view_probability).all()


def test_a_description_with_heads_in_another_order_is_refused(vessels: Path, tmp_path: Path) -> None:
    text = (vessels / "model" / "model.yaml").read_text()
    for old, new in (
        ("- segmentation", "- view\n- segmentation"),
        ("- AO_LUMEN", "- AORTA"),
        ("- BACKGROUND\n", "- LV\n"),
    ):
        (tmp_path / "model.yaml").write_text(text.replace(old, new, 1))
        with pytest.raises(EchoPilotError, match=r"train again|must begin with|missing"):
            read_manifest(tmp_path)


def test_bad_input_is_refused_in_one_line(data: Path, encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    torch.save({"weights": torch.zeros(2)}, tmp_path / "other.pth")
    weights = torch.load(encoder)
    weights["fine.0.weight"][:] = float("nan")
    torch.save(weights, tmp_path / "nan.pth")
    good = ("--labels", data, "--out", tmp_path / "out", "--class", "AO_LUMEN=0,128,0")
    for arguments, words in (
        (("nodules", *good), "choose one of segmentation, view"),
        (("segmentation", "--labels", tmp_path / "no"), "does not exist; give --labels DIR"),
        (("segmentation", "--labels", tmp_path / "empty"), "empty holds no labels for segmentation; it reads images/"),
        (("quality", *good), "quality needs the columns file, quality"),
        (("segmentation", *good, "--class", "VESSEL=1"), "CLASS is one of"),
        (("segmentation", "--labels", data, "--class", "AO_LUMEN=9,9,9"), "hold the class BACKGROUND alone"),
        (("segmentation", *good, "--from", tmp_path / "no.pth"), "no.pth does not exist"),
        (("segmentation", *good, "--from", tmp_path / "other.pth"), "is no encoder of ours"),
        (("segmentation", *good, "--from", tmp_path / "nan.pth"), "not finite"),
    ):
        code, told = finetune(*arguments)
        assert code == 2 and words in told and told.count("error:") == 1, (arguments, told)
    assert not (tmp_path / "out").exists()
