"""`echopilot bench tasks` and `ablation`: scores with intervals, kept results, and bad input in one line."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="the training extra is not installed")

import torch

from echopilot_lab.cli.app import app
from echopilot_lab.tasks.ablation import row_recipes
from echopilot_perception.pretraining.encoders.build import build_pretrain_encoder
from echopilot_perception.pretraining.encoders.choice import EncoderChoice
from echopilot_perception.pretraining.encoders.saved import save_encoder
from echopilot_perception.pretraining.recipe.recipe import read_recipe


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("images")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "encoder.pth"
    save_encoder(path, build_pretrain_encoder(EncoderChoice(), 3))
    return path


def bench(command: str, *arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["bench", command, *map(str, arguments)])
    return result.exit_code, " ".join(result.output.split())


def test_encoders_are_compared_on_phantoms_and_a_second_call_keeps_what_was_measured(
    images: Path, encoder: Path, tmp_path: Path
) -> None:
    chosen = ("--task", "thyroid_nodule", "--phantoms", 4, "--jobs", 1, "--threads", 1)
    where = ("--images", images, "--out", tmp_path / "out")
    both = ("--encoder", "scratch", "--encoder", f"mine={encoder}")
    code, told = bench("tasks", *both, *chosen, *where, "--json", tmp_path / "1.json")
    assert code == 0, told
    figures = json.loads((tmp_path / "1.json").read_text())
    task = figures["tasks"]["thyroid_nodule"]
    assert task["how"] == "linear probe" and set(task["shares"]) == {"0.05", "1"}
    cell = task["shares"]["1"]["mine"]
    assert set(cell) == {"score", "interval", "of_seeds", "against_scratch"} and len(cell["of_seeds"]) == 1
    assert figures["patients"]["thyroid"] == {"learn": 4, "measured": 4}
    assert (tmp_path / "out" / "scores.png").read_bytes()[:4] == b"\x89PNG"
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "marks").iterdir()}
    assert len(kept) == 4
    code, told = bench("tasks", *both, *chosen, *where, "--json", tmp_path / "2.json")
    assert code == 0 and {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "marks").iterdir()} == kept
    again = json.loads((tmp_path / "2.json").read_text())
    assert again["tasks"] == figures["tasks"]
    next(iter(kept)).write_bytes(b"damaged")
    code, told = bench("tasks", *both, *chosen, *where, "--json", tmp_path / "3.json")
    assert code == 0 and json.loads((tmp_path / "3.json").read_text())["tasks"] == figures["tasks"]


def test_bad_input_is_refused_in_one_line(images: Path, encoder: Path, tmp_path: Path) -> None:
    torch.save({"weights": np.zeros(2)}, tmp_path / "other.pth")
    out = ("--images", images, "--out", tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "scores.json").write_text("{}")
    for arguments, words in (
        (("tasks", "--encoder", "scratch", "--task", "biopsy", *out), "task 'biopsy' is unknown; choose of chambers"),
        (("tasks", "--encoder", tmp_path / "no.pth", *out), "no.pth does not exist"),
        (("tasks", "--encoder", tmp_path / "other.pth", *out), "other.pth"),
        (("tasks", "--encoder", "scratch", "--share", "0", *out), "above 0 up to 1"),
        (("tasks", "--encoder", "scratch", "--encoder", "scratch", *out), "have the same name"),
        (("tasks", "--encoder", "scratch", "--images", images, "--out", tmp_path / "mine"), "is no earlier result"),
        (("tasks", "--encoder", "scratch", "--own", "biopsy=x", *out), "must be TASK=DIR with a task of chambers"),
        (("tasks", "--encoder", "scratch", "--own", f"view={images}", *out), "holds no labels for view"),
        (("ablation", "--row", "magic", *out), "row 'magic' is unknown; choose of scratch"),
        (("ablation", "--epochs", "4", *out), "give a multiple of 3"),
        (("ablation", "--row", "natural", *out), "needs a folder of photographs"),
    ):
        code, told = bench(*arguments)
        assert code == 2 and words in told and told.count("error:") == 1, (arguments, told)
    assert not (tmp_path / "out" / "scores.json").exists()


def test_every_row_of_the_ablation_is_a_valid_recipe_and_adds_to_the_one_before(tmp_path: Path) -> None:
    import yaml

    recipes = {}
    for row, recipe in row_recipes(6, 64, 1).items():
        if recipe is not None:
            (tmp_path / f"{row}.yaml").write_text(yaml.safe_dump(dict(recipe)))
            recipes[row] = read_recipe(str(tmp_path / f"{row}.yaml"))
    assert {recipe.epochs for recipe in recipes.values()} == {6} and list(recipes) == [
        "natural", "pixel", "polar_hard", "tree_progressive", "latent",
    ]  # fmt: skip
    assert recipes["pixel"].patches == "square" and recipes["polar_hard"].patches == "polar"
    assert max(s.tree[1] for s in recipes["polar_hard"].stages) == 0.0 < recipes["tree_progressive"].stages[2].tree[1]
    assert recipes["latent"].target == "latent" and recipes["tree_progressive"].target == "pixel"
    pixels = {row: sum(s.epochs * s.size**2 for s in recipe.stages) for row, recipe in recipes.items()}
    assert max(pixels.values()) / min(pixels.values()) < 1.08
