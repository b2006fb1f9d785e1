"""The tree of labels is complete and valid, and what is not known of an image stays unknown."""

from pathlib import Path

import numpy as np
import pytest

from echopilot_core import EchoPilotError, SegmentationClass, View
from echopilot_perception.pretraining.tree.label_tree import LEVELS, LabelTree, read_tree
from echopilot_perception.pretraining.tree.simulator import ORGAN_OF_CLASS, ORGAN_OF_VIEW, STATES, rendered_label
from echopilot_perception.pretraining.tree.targets import ImageLabel, distinct_leaves, known_share, targets_of

SMALL = """
format: echopilot-label-tree-1
regions:
  chest:
    heart: {also: [cardiac], views: [A4C, PLAX], states: [systole, effusion]}
    lung: {}
  belly:
    liver: {}
"""


@pytest.fixture
def tree(tmp_path: Path) -> LabelTree:
    (tmp_path / "tree.yaml").write_text(SMALL)
    return read_tree(tmp_path / "tree.yaml")


def named(tree: LabelTree, label: ImageLabel, value: int) -> set[str]:
    return {path for path, target in zip(tree.paths, targets_of(label, tree), strict=True) if target == value}


def test_the_shipped_tree_has_the_regions_and_the_number_of_organs_of_echocare() -> None:
    tree = read_tree()
    counts = [int((tree.levels == level).sum()) for level in range(len(LEVELS))]
    assert counts[:2] == [9, 52] and min(counts) > 0


def test_parents_come_before_their_children_one_level_up() -> None:
    tree = read_tree()
    for node, parent in enumerate(tree.parents):
        assert parent < node and (tree.levels[node] == 0) == (parent < 0)
        if parent >= 0:
            assert tree.levels[parent] == tree.levels[node] - 1
            assert tree.paths[node].startswith(f"{tree.paths[parent]}/")


def test_the_shipped_tree_has_all_that_the_simulator_makes() -> None:
    tree = read_tree()
    for view, organ in ORGAN_OF_VIEW.items():
        for state in ("", *(f"/{name}" for name in STATES.get(organ, ()))):
            tree.node(f"{organ}/{view.name}{state}")
    assert set(ORGAN_OF_VIEW) == set(View) - {View.NONE}
    for organ in ORGAN_OF_CLASS.values():
        tree.node(organ)


def test_ancestors_of_what_is_shown_are_shown_and_its_descendants_unknown(tree: LabelTree) -> None:
    label = ImageLabel(("chest/heart/A4C",))
    assert named(tree, label, 1) == {"chest", "chest/heart", "chest/heart/A4C"}
    assert named(tree, label, -1) == {"chest/heart/A4C/systole", "chest/heart/A4C/effusion"}
    assert "chest/heart/PLAX/systole" in named(tree, label, 0) and "belly/liver" in named(tree, label, 0)


def test_several_organs_of_an_image_are_all_present(tree: LabelTree) -> None:
    label = ImageLabel(("chest/heart/A4C/effusion", "belly/liver"))
    assert {"chest", "belly", "belly/liver", "chest/heart/A4C/effusion"} <= named(tree, label, 1)
    assert "chest/heart/A4C/systole" in named(tree, label, 0)


def test_a_path_that_is_given_itself_stays_open_below(tree: LabelTree) -> None:
    label = ImageLabel(("chest/heart/A4C", "chest/heart/A4C/effusion"))
    assert "chest/heart/A4C/systole" in named(tree, label, -1)
    known = ImageLabel(("chest/heart/A4C", "chest/heart/A4C/effusion"), absent=("chest/heart/A4C/systole",))
    assert named(tree, known, -1) == set()


def test_without_a_label_nothing_is_known(tree: LabelTree) -> None:
    assert set(targets_of(ImageLabel(), tree)) == {-1}


def test_an_incomplete_label_makes_nothing_else_absent(tree: LabelTree) -> None:
    label = ImageLabel(("chest/heart",), complete=False)
    assert named(tree, label, 0) == set() and named(tree, label, 1) == {"chest", "chest/heart"}


def test_a_rendered_image_knows_organs_view_and_the_states_that_are_told() -> None:
    tree, labels = read_tree(), np.zeros((128, 128), np.uint8)
    labels[:40], labels[40:60] = SegmentationClass.LV, SegmentationClass.LIVER
    label = rendered_label(labels, View.A4C, {"effusion": True, "systole": False})
    shown = named(tree, label, 1)
    assert {"thorax/heart/A4C/effusion", "abdomen/liver", "abdomen"} <= shown
    assert "thorax/heart/A4C/systole" in named(tree, label, 0) and "thorax/lung" in named(tree, label, 0)
    assert "thorax/heart/A4C/reduced_ef" in named(tree, label, -1)


def test_whose_aorta_it_is_depends_on_the_view() -> None:
    tree, labels = read_tree(), np.full((128, 128), SegmentationClass.AO_LUMEN, np.uint8)
    assert "thorax/thoracic_aorta" in named(tree, rendered_label(labels, View.PLAX), 1)
    assert "abdomen/abdominal_aorta" in named(tree, rendered_label(labels, View.SC_IVC), 1)
    nobody_knows = targets_of(rendered_label(labels, None), tree)
    assert nobody_knows[tree.node("thorax/thoracic_aorta")] == nobody_knows[tree.node("abdomen/abdominal_aorta")] == -1


def test_one_class_is_counted_as_one(tree: LabelTree) -> None:
    rows = np.stack([targets_of(ImageLabel(("belly/liver",)), tree)] * 3 + [targets_of(ImageLabel(), tree)])
    assert distinct_leaves(rows) == 1
    assert known_share(rows, tree) == {"region": 0.75, "organ": 0.75, "view": 0.0, "state": 0.0}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("echopilot-label-tree-1", "other-1"), "format is other-1"),
        (("heart: {", "heart: {color: red, "), "unknown key 'color'; valid are also, views, states"),
        (("lung: {}", "lung: {states: [b_lines]}"), "states need views"),
        (("lung: {}", "lung: {also: [cardiac]}"), "stand for two nodes: cardiac"),
        (("lung: {}", "liver: {}"), "stand for two nodes: liver"),
        (("lung: {}", "lung/left: {}"), "is no name"),
        (("views: [A4C, PLAX]", "views: A4C"), "views must be a list"),
        (("    liver: {}", "    {}"), "a region has no organ"),
        ((SMALL, "- 1"), "must be a mapping"),
    ],
)
def test_a_wrong_tree_is_refused_in_one_line(change: tuple[str, str], words: str, tmp_path: Path) -> None:
    (tmp_path / "tree.yaml").write_text(SMALL.replace(*change))
    with pytest.raises(EchoPilotError, match=words) as error:
        read_tree(tmp_path / "tree.yaml")
    assert "\n" not in str(error.value)


def test_a_node_that_is_not_there_is_named_with_its_neighbors(tree: LabelTree) -> None:
    with pytest.raises(EchoPilotError, match="below chest/heart are A4C, PLAX"):
        tree.node("chest/heart/A9C")
