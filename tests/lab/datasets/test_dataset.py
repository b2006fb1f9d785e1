"""Data sets: same bytes whatever the stops, the views and the processes; read back as written; refused in one line."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from echopilot_core import EchoPilotError, SegmentationClass, View
from echopilot_lab.cli.app import app
from echopilot_lab.datasets import dataset
from echopilot_lab.datasets.dataset import VIEWS, chosen_views, make_dataset
from echopilot_lab.datasets.shard import ShardPlan, read_shard, shard_name, write_shard

SEED = 1_000_003
PLAN = ShardPlan(SEED, (View.A4C, View.AORTA_TRANS), frames=2, size_px=128)
QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dataset") / shard_name(SEED)
    write_shard(path, PLAN)
    return path


def test_pictures_masks_and_truth_are_read_back_as_they_were_made(shard: Path) -> None:
    examples = list(read_shard(shard))
    assert [e.truth["view"] for e in examples] == ["A4C"] * 2 + ["AORTA_TRANS"] * 2
    for e in examples:
        assert e.image.shape == e.exact.shape == e.visible.shape == (128, 128)
        assert e.image.max() > 30 and e.truth["patient"]["seed"] == SEED
        shadowed = e.visible == SegmentationClass.SHADOW
        assert (e.visible[~shadowed] == e.exact[~shadowed]).all()
        assert len(e.truth["contact"]) == 64 and set(e.truth["view_errors"]) >= {"A4C", "AORTA_TRANS"}
        assert 0.1 < e.truth["ejection_fraction"] < 0.9
    first, aorta = examples[0], examples[2]
    assert (first.exact == SegmentationClass.LV).sum() > 200 and first.truth["nearest_view"] == "A4C"
    assert first.truth["view_errors"]["A4C"]["angle_rad"] < 1e-3
    assert aorta.truth["aorta"]["outer_ap_m"] > aorta.truth["aorta"]["inner_ap_m"] > 0.005
    x, y = aorta.truth["aorta"]["centre_m"]
    left, top = aorta.truth["origin_m"]
    row, column = round((y - top) / aorta.truth["pixel_m"]), round((x - left) / aorta.truth["pixel_m"])
    assert aorta.exact[row, column] in (SegmentationClass.AO_LUMEN, SegmentationClass.AO_WALL)


def test_the_recipe_of_the_readme_needs_none_of_our_code(shard: Path) -> None:
    with tarfile.open(shard) as tar:
        files = {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]
    keys = [name[:-5] for name in files if name.endswith(".json")]
    assert len(keys) == 4 and len(files) == 16
    for key in keys:
        image = np.array(Image.open(io.BytesIO(files[key + ".image.png"])))
        assert image.dtype == np.uint8 and image.shape == (128, 128)
        assert json.loads(files[key + ".json"])["key"] == key


def test_the_same_plan_gives_the_same_bytes(shard: Path, tmp_path: Path) -> None:
    again = tmp_path / shard.name
    write_shard(again, PLAN)
    assert again.read_bytes() == shard.read_bytes()


def test_a_view_does_not_depend_on_the_others(shard: Path, tmp_path: Path) -> None:
    alone = tmp_path / shard.name
    write_shard(alone, ShardPlan(SEED, (View.AORTA_TRANS,), 2, 128))
    both = [e for e in read_shard(shard) if e.truth["view"] == "AORTA_TRANS"]
    for a, b in zip(read_shard(alone), both, strict=True):
        assert a.truth == b.truth and (a.image == b.image).all() and (a.visible == b.visible).all()


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.7])
def test_a_damaged_file_is_named(shard: Path, kept: float, tmp_path: Path) -> None:
    cut = tmp_path / shard.name
    content = shard.read_bytes()
    cut.write_bytes(content[: int(kept * len(content)) // 512 * 512 + 100])
    with pytest.raises(EchoPilotError, match=shard.name):
        list(read_shard(cut))


def make(out: Path, patients: int = 1, views: str = "A4C", size: int = 64) -> None:
    make_dataset(patients, views, out, SEED, 1, size, 1, QUIET)


def test_a_stopped_run_goes_on_and_ends_with_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def serial(work, pieces, *_):  # type: ignore[no-untyped-def]
        for piece in pieces:
            work(piece)

    def stopped(work, pieces, *_):  # type: ignore[no-untyped-def]
        work(pieces[0])
        pieces[1][0].with_name(f".{pieces[1][0].name}.partial").write_bytes(b"half")  # what kill -9 leaves
        raise KeyboardInterrupt

    monkeypatch.setattr(dataset, "run_all", serial)
    make(tmp_path / "whole", patients=2)
    monkeypatch.setattr(dataset, "run_all", stopped)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "stopped", patients=2)
    assert json.loads((tmp_path / "stopped" / "dataset.json").read_text())["complete"] is False
    monkeypatch.setattr(dataset, "run_all", serial)
    make(tmp_path / "stopped", patients=2)
    whole, resumed = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in ("whole", "stopped"))
    assert whole == resumed and len(whole) == 4
    index = json.loads(whole["dataset.json"])
    assert index["complete"] and [row["seed"] for row in index["shards"]] == [SEED, SEED + 1]
    with pytest.raises(EchoPilotError, match="begun with size_px 64, now 96"):
        make(tmp_path / "stopped", patients=2, size=96)


def test_all_views_are_the_standard_views_and_a_wrong_name_lists_them() -> None:
    assert chosen_views("all") == VIEWS == tuple(v for v in View if v != View.NONE)
    assert chosen_views("aorta_trans, A4C") == (View.A4C, View.AORTA_TRANS)
    with pytest.raises(EchoPilotError, match=r"unknown view 'KNEE'.*PLAX, PSAX_AV.*AORTA_LONG"):
        chosen_views("A4C,knee")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--views", "knee"], "AORTA_TRANS"),
        (["--patients", "0"], "patients 0"),
        (["--frames", "0"], "frames 0"),
        (["--size", "7"], "64 to 1024"),
        (["--seed", "-1"], "seed -1"),
        (["--jobs", "0"], "jobs 0"),
    ],
)
def test_bad_settings_are_refused_in_one_line(arguments: list[str], said: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["dataset", *arguments, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2 and said in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_text("precious")
    with pytest.raises(EchoPilotError, match="something else than a data set"):
        make(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["photo.jpg"]
