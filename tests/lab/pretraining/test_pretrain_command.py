"""`echopilot pretrain` learns from a folder in seconds, goes on after a kill, and refuses bad input in one line."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="the training extra is not installed")

from echopilot_core import View
from echopilot_lab.cli.app import app
from echopilot_lab.datasets.shard import ShardPlan, write_shard

LIMIT_S = 60.0
RECIPE = """
batch: 4
save_every_steps: 1
across: 4
precision: float32
stages:
  - {epochs: 8, size: 64, ratio: 0.5}
  - {epochs: 8, size: 64, ratio: 0.5, hard_share: 0.5, tree: 0.5, contrast: 0.2}
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rendered images of one patient, and an unlabeled still."""
    folder = tmp_path_factory.mktemp("data")
    write_shard(folder / "patient_0600123.tar", ShardPlan(600_123, (View.A4C, View.AORTA_TRANS), 4, 96))
    rows, columns = np.mgrid[:256, :256] / 256.0
    fan = (np.abs(np.arctan2(columns - 0.5, rows)) < 0.7) & (np.hypot(columns - 0.5, rows) < 0.95)
    (folder / "unlabeled").mkdir()
    cv2.imwrite(str(folder / "unlabeled" / "1.png"), (120 * fan).astype(np.uint8))
    return folder


def pretrain(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["pretrain", *map(str, arguments)])
    return result.exit_code, " ".join(result.output.split())


def test_a_smoke_run_learns_and_a_second_call_finds_it_finished(data: Path, tmp_path: Path) -> None:
    begin = time.monotonic()
    out = tmp_path / "out"
    code, told = pretrain("--data", data, "--recipe", "smoke", "--out", out, "--json", tmp_path / "1.json")
    assert code == 0, told
    assert time.monotonic() - begin < LIMIT_S
    figures = json.loads((tmp_path / "1.json").read_text())
    assert figures["images"] == 9 and figures["finished"] and figures["known_share"]["organ"] == pytest.approx(8 / 9)
    assert set(figures["last_losses"]) >= {"reconstruction", "tree", "contrast", "rank", "loss"}
    assert (out / "encoder.pth").stat().st_size > 1e6
    code, told = pretrain("--data", data, "--recipe", "smoke", "--out", out, "--json", tmp_path / "2.json")
    assert code == 0 and "9 images are kept" in told
    again = json.loads((tmp_path / "2.json").read_text())
    assert again["steps"] == figures["steps"] and again["last_losses"] == figures["last_losses"]


def test_a_killed_run_goes_on_where_it_was(data: Path, tmp_path: Path) -> None:
    recipe, out = tmp_path / "mine.yaml", tmp_path / "out"
    recipe.write_text(RECIPE)
    code = "from echopilot_lab.cli.app import app; app()"
    command = [sys.executable, "-c", code, "pretrain", "--data", data, "--recipe", recipe, "--out", out]
    with subprocess.Popen(list(map(str, command)), stderr=subprocess.DEVNULL, start_new_session=True) as running:
        try:
            end = time.monotonic() + LIMIT_S
            while not (out / "last.pt").exists():
                assert running.poll() is None and time.monotonic() < end
                time.sleep(0.01)
        finally:
            os.kill(running.pid, signal.SIGKILL)
    import torch

    reached = torch.load(out / "last.pt")["step"]
    recipe.write_text(RECIPE.replace("save_every_steps: 1", "save_every_steps: 1000"))
    ended, told = pretrain("--data", data, "--recipe", recipe, "--out", out, "--json", tmp_path / "1.json")
    assert ended == 0, told
    figures = json.loads((tmp_path / "1.json").read_text())
    assert 1 <= reached < figures["steps"] == figures["steps_in_all"] == 32
    assert len(torch.load(out / "last.pt")["curve"]) == 32


def test_bad_input_is_refused_in_one_line(data: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "liver").mkdir()
    mixed = tmp_path / "mixed"
    for name in ("liver", "livr"):
        shutil.copytree(data / "unlabeled", mixed / name)
    (tmp_path / "tree.yaml").write_text("format: echopilot-label-tree-1\nregions: {}\n")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "last.pt").write_text("mine")
    out = tmp_path / "out"
    for arguments, words in (
        (("--data", tmp_path / "nowhere"), "nowhere does not exist"),
        (("--data", tmp_path / "empty"), "empty holds nothing to learn from"),
        (("--data", mixed), "folder livr is no organ of the tree"),
        (("--data", data, "--recipe", "forest"), "recipe forest is no file; choose"),
        (("--data", data, "--tree", tmp_path / "tree.yaml"), "regions must be a mapping"),
        (("--data", data, "--tree", tmp_path / "no.yaml"), "does not exist"),
        (("--data", data, "--recipe", "smoke", "--start", tmp_path / "no.pth"), "no.pth does not exist"),
        (("--data", data, "--recipe", "smoke", "--out", tmp_path / "foreign"), "last.pt is no earlier result"),
    ):
        code, told = pretrain(*(() if "--out" in arguments else ("--out", out)), *arguments)
        assert code == 2 and words in told and told.count("error:") == 1, (arguments, told)


def test_other_data_or_another_tree_does_not_go_on_with_a_run(data: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    assert pretrain("--data", data, "--recipe", "smoke", "--out", out)[0] == 0
    shutil.copytree(data / "unlabeled", other)
    code, told = pretrain("--data", other, "--recipe", "smoke", "--out", out)
    assert code == 2 and "changed since the run in" in told and "give another --out" in told
