"""Recipes have strict keys and values, and what holds at a step moves linearly over its stage."""

from dataclasses import replace
from pathlib import Path

import pytest

from echopilot_core import EchoPilotError
from echopilot_perception.pretraining.recipe.recipe import (
    PretrainRecipe,
    TrainingStage,
    read_recipe,
    shipped_recipes,
)
from echopilot_perception.pretraining.recipe.schedule import setting_at

TEXT = """
encoder: {name: edge}
batch: 4
data: {labels: none}
stages:
  - {epochs: 1, size: 64, ratio: 0.5}
"""
TWO = PretrainRecipe((TrainingStage(2, 64, (0.3, 0.5)), TrainingStage(3, 128, (0.6, 0.6), (0.0, 0.5), tree=(0.2, 0.4))))


@pytest.mark.parametrize("name", shipped_recipes())
def test_a_shipped_recipe_is_valid_and_grows(name: str) -> None:
    recipe = read_recipe(name)
    sizes = [stage.size for stage in recipe.stages]
    assert sizes == sorted(sizes) and recipe.epochs >= 1 and recipe.name == name


def test_a_recipe_from_a_file_has_its_values_and_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(TEXT)
    recipe = read_recipe(str(tmp_path / "mine.yaml"))
    assert (recipe.batch, recipe.data.labels, recipe.stages[0].ratio) == (4, "none", (0.5, 0.5))
    assert recipe.learning_rate == PretrainRecipe(recipe.stages).learning_rate


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("batch: 4", "batches: 4"), "unknown key 'batches'; valid are stages"),
        (("batch: 4", "batch: four"), "batch is 'four'; give a whole number from 2"),
        (("batch: 4", "batch: 4.5"), "give a whole number"),
        (("batch: 4", "batch: true"), "give a whole number"),
        (("name: edge", "name: vit"), "name is 'vit'; choose one of edge, swin"),
        (("name: edge", "name: edge, lora_rank: 4"), "lora_rank is for swin alone"),
        (("name: edge", "size: edge"), "encoder: unknown key 'size'"),
        (("labels: none", "labels: some"), "labels is 'some'; choose one of auto, folders, none"),
        (("size: 64", "size: 96"), "size 96 must be a multiple of 64"),
        (("ratio: 0.5", "ratio: 1.5"), "ratio is 1.5; it must lie from 0.05 to 0.95"),
        (("ratio: 0.5", "ratio: [0.1, 0.2, 0.3]"), "ratio must be a number, or a list of its first and its last"),
        (("ratio: 0.5", "ratio: .nan"), "not a finite number"),
        (("epochs: 1, ", ""), "epochs missing"),
        (("ratio: 0.5", "reconstruction: 0"), "are all 0"),
        (("stages:\n  - {epochs: 1, size: 64, ratio: 0.5}", ""), "stages are missing"),
        (("  - {epochs: 1, size: 64, ratio: 0.5}", "  {}"), "stages must be a list"),
        ((TEXT, "- 1"), "must be a mapping"),
    ],
)
def test_a_wrong_recipe_is_refused_in_one_line(change: tuple[str, str], words: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(TEXT.replace(*change))
    with pytest.raises(EchoPilotError) as error:
        read_recipe(str(tmp_path / "mine.yaml"))
    assert words in str(error.value) and "\n" not in str(error.value)


def test_an_unknown_recipe_is_answered_with_the_names() -> None:
    with pytest.raises(EchoPilotError, match="recipe forest is no file; choose latent, masked, smoke, swin, tree or a"):
        read_recipe("forest")


def test_settings_move_linearly_from_the_first_to_the_last_step_of_a_stage() -> None:
    steps = [setting_at(TWO, step, 5) for step in range(25)]
    assert [s.size for s in steps] == [64] * 10 + [128] * 15
    assert (
        steps[0].ratio == 0.3
        and steps[9].ratio == pytest.approx(0.5)
        and steps[3].ratio == pytest.approx(0.3 + 0.2 / 3)
    )
    assert steps[9].hard_share == 0.0 and steps[10].hard_share == 0.0 and steps[24].hard_share == pytest.approx(0.5)
    assert steps[17].tree == pytest.approx(0.3) and steps[24].contrast == 0.0
    assert setting_at(TWO, 40, 5) == steps[24]


def test_the_machine_is_no_part_of_what_a_recipe_is() -> None:
    moved = replace(TWO, device="cpu", threads=4, precision="float32", save_every_steps=3)
    assert moved.identity() == TWO.identity() != replace(TWO, seed=2).identity()
