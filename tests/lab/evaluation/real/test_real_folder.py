"""A folder of labeled images goes through perception, file by file, into figures and a page."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from echopilot_core import EchoPilotError
from echopilot_lab.cli.app import app
from echopilot_lab.evaluation.real.labels import read_labels
from echopilot_lab.evaluation.real.observe import Piece, observe
from echopilot_lab.evaluation.run import evaluate_patients


def fan(seed: int) -> np.ndarray:
    """A sector of speckle on a dark screen."""
    v, u = np.mgrid[0:400, 0:480]
    x, y = u - 240.0, v - 20.0
    inside = (np.hypot(x, y) < 350) & (np.abs(np.arctan2(x, np.maximum(y, 1e-6))) < 0.7) & (y > 0)
    speckle = np.random.default_rng(seed).rayleigh(60.0, inside.shape)
    return np.where(inside, np.clip(cv2.GaussianBlur(speckle, (0, 0), 1.5), 0, 255), 0).astype(np.uint8)


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "images"
    home.mkdir()
    cv2.imwrite(str(home / "a.png"), fan(1))
    (home / "clip").mkdir()
    for k in range(3):
        cv2.imwrite(str(home / "clip" / f"{k}.png"), fan(k))
    (home / "text.png").write_text("no image")
    rows = ("file,view,foreign,effusion", "a.png,A4C,0,0", "clip,PSAX,0,1", "text.png,NONE,1,")
    (home / "labels.csv").write_text("\n".join(rows))
    (home / "a_outlines.json").write_text(json.dumps({"frames": {"0": {"LV": [[200, 90], [280, 90], [240, 200]]}}}))
    return home


def test_a_folder_gives_figures_a_table_and_a_page(folder: Path, tmp_path: Path) -> None:
    page, figures = tmp_path / "page.html", tmp_path / "real.json"
    told = [*("--patients", "0", "--real", str(folder), "--jobs", "1", "--page", str(page), "--json", str(figures))]
    ran = CliRunner().invoke(app, ["eval", *told])
    assert ran.exit_code == 0, ran.output
    real = json.loads(figures.read_text())["real"]
    assert (real["clips"]["n"], real["stills"]["n"], real["frames"]["n"]) == (1, 1, 4)
    assert real["refused"] == {"hearts": 0, "foreign": 1, "other": 0} and real["foreign_named"] == 0
    assert real["effusion"]["n"] == 2 and real["gray_change"]["n"] == 2 and set(real["dice"]) <= {"LV"}
    assert page.read_text().count("<article") == 3 and "data:image/jpeg;base64," in page.read_text()


def test_an_observed_file_has_an_answer_for_every_frame_and_images_when_they_are_asked_for(folder: Path) -> None:
    still, clip, text = (observe(Piece(row, None, True)) for row in read_labels(folder))
    assert still.is_still and len(still.images) == 1 and still.dice[0].frame == 0
    assert len(clip.frames) == 3 and len(clip.images) == 3 and clip.gray is not None and not clip.calibrated
    assert text.refusal and not text.frames and text.is_still
    image = cv2.imdecode(np.frombuffer(clip.images[0].outlined, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None and max(image.shape) <= 640
    assert observe(Piece(read_labels(folder)[0], None, False)).images == ()


def test_what_cannot_be_done_is_refused_before_the_work(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "mine.html"
    kept.write_text("<html>")
    bare = tmp_path / "bare"
    bare.mkdir()
    cases: list[dict] = [
        {"patients": 0},
        {"patients": 0, "real": bare},
        {"patients": 1, "real": bare, "page": tmp_path / "p.html"},
        {"patients": 0, "real": folder, "page": kept},
        {"patients": 0, "real": folder, "page": bare},
        {"patients": 0, "real": folder, "card": True},
    ]
    for case in cases:
        with pytest.raises(EchoPilotError):
            evaluate_patients(seed=600_000, console=Console(quiet=True), **case)
    assert kept.read_text() == "<html>"
    (folder / "a_outlines.json").write_text(json.dumps({"frames": {"7": {"LV": [[1, 1], [9, 1], [9, 9]]}}}))
    with pytest.raises(EchoPilotError, match="frame 7"):
        observe(Piece(read_labels(folder)[0], None, False))
