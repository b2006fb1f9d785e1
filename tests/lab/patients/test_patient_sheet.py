"""`echopilot patient`: the sheet, the clips and the numbers agree with the patient and with each other."""

import json
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from rich.console import Console
from typer.testing import CliRunner

from echopilot_core import SegmentationClass, View
from echopilot_lab.cli.app import app
from echopilot_lab.patients.contact_sheet import Tile, draw_sheet
from echopilot_lab.patients.patient_sheet import choose_patient, draw_patient_sheet
from echopilot_lab.patients.reference_views import FRAME_HZ, cine_frame_states, standard_reference_views
from echopilot_perception.frames.readers.dicom.file import read_dicom
from echopilot_sim.anatomy import Anatomy

SEED = 600_001


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return choose_patient(SEED, "", None)()


@pytest.fixture(scope="module")
def drawn(anatomy: Anatomy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("patient") / "out"
    draw_patient_sheet(lambda: anatomy, out, Console(quiet=True))
    return out


def test_every_standard_view_of_the_patient_is_pictured(anatomy: Anatomy, drawn: Path) -> None:
    references = standard_reference_views(anatomy)
    had = {v for v in View if v != View.NONE and anatomy.view_target(v, references[0].frame_state.phases) is not None}
    assert {reference.view for reference in references} == had and {View.A4C, View.AORTA_TRANS, View.AORTA_LONG} <= had
    truth = json.loads((drawn / "truth.json").read_text())
    assert [row["name"] for row in truth["views"]] == [reference.name for reference in references]
    for row in truth["views"]:
        assert row["nearest_view"] == row["view"] and len(row["contact"]) == 64
    sheet = cv2.imread(str(drawn / "sheet.png"))
    assert sheet.shape[1] > 1500 and sheet.shape[0] > 200 * (-(-len(references) // 3))


def test_the_numbers_are_those_of_the_patient(anatomy: Anatomy, drawn: Path) -> None:
    truth, heart = json.loads((drawn / "truth.json").read_text()), anatomy.patient.heart
    assert heart is not None and truth["seed"] == SEED
    assert truth["ef_pct"] == pytest.approx(100 * heart.ejection_fraction, abs=0.06)
    volumes = [row["lv_volume_ml"] for row in truth["cine"]["frames"]]
    assert max(volumes) == pytest.approx(1e6 * heart.edv_m3, rel=0.02)
    assert 1 - min(volumes) / max(volumes) == pytest.approx(heart.ejection_fraction, abs=0.02)
    stations = [row["aorta"]["station_mm"] for row in truth["views"] if row["view"] == "AORTA_TRANS"]
    assert stations == sorted(stations) and len(stations) >= 4


def test_the_dicom_clip_is_calibrated_anonymous_and_lossless(anatomy: Anatomy, drawn: Path) -> None:
    data = pydicom.dcmread(drawn / "cine.dcm")
    assert data.SOPClassUID == pydicom.uid.UltrasoundMultiFrameImageStorage
    assert str(data.PatientName) == "EchoPilot^Synthetic" and data.LossyImageCompression == "00"
    clip = read_dicom(drawn / "cine.dcm")
    rows = json.loads((drawn / "truth.json").read_text())["cine"]["frames"]
    assert len(clip.gray) == len(rows) == len(cine_frame_states(anatomy)[1]) > 30
    assert np.allclose(clip.times_s, [row["time_s"] for row in rows], atol=1e-3)
    assert clip.region is not None
    depth_m = (clip.region.bottom_px - clip.region.top_px) * float(data.SequenceOfUltrasoundRegions[0].PhysicalDeltaY)
    assert depth_m / 100 == pytest.approx(0.16, rel=0.02)
    assert np.abs(clip.gray[5].astype(int) - clip.gray[15]).mean() > 0.1


def test_the_webm_clip_plays(drawn: Path) -> None:
    video = cv2.VideoCapture(str(drawn / "cine.webm"))
    frames = []
    while (read := video.read())[0]:
        frames.append(read[1])
    rows = json.loads((drawn / "truth.json").read_text())["cine"]["frames"]
    assert len(frames) == len(rows) and video.get(cv2.CAP_PROP_FPS) == pytest.approx(FRAME_HZ, rel=0.01)
    dicom = read_dicom(drawn / "cine.dcm").gray[10]
    left = cv2.cvtColor(frames[10], cv2.COLOR_BGR2GRAY)[:, : dicom.shape[1]]
    height = min(left.shape[0], dicom.shape[0])
    assert np.corrcoef(left[:height].ravel(), dicom[:height].ravel())[0, 1] > 0.95


def test_the_sheet_grows_with_the_tiles_and_explains_the_classes_shown() -> None:
    tile = Tile("A4C", "q", "words", np.full((90, 120), 80, np.uint8), np.full((90, 120, 3), 80, np.uint8))
    small, large = (draw_sheet("T", "h", [], [tile] * n, {SegmentationClass.LV}, "n") for n in (3, 4))
    assert large.shape[0] > small.shape[0] and large.shape[1] == small.shape[1]
    legend = draw_sheet("T", "h", [], [tile] * 3, {SegmentationClass.LV, SegmentationClass.LIVER}, "n")
    assert (legend != small).any()


@pytest.mark.parametrize("arguments", [[], ["--seed", "1", "--name", "normal"], ["--seed", "1", "--ct", "x.nii.gz"]])
def test_exactly_one_patient_must_be_named(arguments: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["patient", *arguments, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2 and len(result.output.strip().splitlines()) == 1
    assert all(word in result.output for word in ("--seed", "--ct", "--name", "aaa_large_thrombus"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--name", "nobody"], "aaa_small"), (["--seed", "-4"], "-4"), (["--ct", "none.nii"], "none")],
)
def test_an_unknown_patient_is_refused_in_one_line(arguments: list[str], said: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["patient", *arguments, "--out", str(tmp_path / "out")])
    lines = [line for line in result.output.splitlines() if line.strip()]
    assert result.exit_code == 2 and said in lines[-1]
    assert not (tmp_path / "out").exists()
