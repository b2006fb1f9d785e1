"""Scores are those of their definitions, worked by hand, and unknown parts never count."""

import numpy as np
import pytest

from echopilot_core import EchoPilotError
from echopilot_perception.tasks import marks
from echopilot_perception.tasks.applications import APPLICATIONS, STATEMENTS, choose_applications, report_text
from echopilot_perception.tasks.task_set import LEAST_LABELS, TaskSet, known, labeled_share

DICE = marks.score_of(APPLICATIONS["vessel"])


def test_dice_is_the_mean_over_classes_of_all_cells_together() -> None:
    true = np.array([[[1, 1, 2, 255]], [[0, 0, 2, 2]]], np.uint8)
    found = np.array([[[1, 0, 2, 2]], [[1, 0, 2, 0]]], np.uint8)
    rows = marks.segmentation_marks(found, true, 4)
    assert DICE(rows) == pytest.approx(np.mean([2 * 1 / (2 + 2), 2 * 2 / (2 + 3)]))
    assert DICE(marks.segmentation_marks(true * (true != 255), true, 4)) == 1.0


def test_a_box_is_right_from_half_an_overlap_on() -> None:
    box = np.array([0.0, 0.0, 10.0, 10.0])
    assert marks.intersection_over_union(box, box + np.array([5, 0, 5, 0])) == pytest.approx(50 / 150)
    near = box + np.array([2, 0, 2, 0])
    rows = marks.detection_marks([box, near, None, box, None], [box, box, box, None, None])
    assert rows.tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 0]]
    assert marks.score_of(APPLICATIONS["thyroid_nodule"])(rows) == pytest.approx(4 / 6)


def test_unknown_sentences_do_not_count() -> None:
    rows = marks.statement_marks(np.array([[True, True, False]]), np.array([[1, -1, 1]], np.int8))
    assert rows.tolist() == [[1, 0, 0, 0, 0, 0, 0, 0, 1]]
    assert marks.score_of(APPLICATIONS["report"])(rows) == pytest.approx(2 / 3)
    said, true = marks.said_and_true(rows[0])
    assert said.tolist() == [True, False, False] and true.tolist() == [True, False, True]


def test_retrieval_looks_among_other_patients_alone() -> None:
    features = np.array([[1.0, 0.0], [1.0, 0.01], [0.9, 0.1], [0.0, 1.0]])
    rows = marks.retrieval_marks(features, np.array([0, 0, 0, 1]), np.array([1, 1, 2, 2]))
    assert rows[:, 0].tolist()[:3] == [1.0, 1.0, 1.0] and np.isnan(rows[3, 0])
    mixed = marks.retrieval_marks(features, np.array([0, 1, 1, 0]), np.array([1, 2, 3, 4]))
    assert mixed[0, 0] == pytest.approx(1 / 3)  # found last of three


def test_accuracy_is_balanced_and_correlation_needs_two_values() -> None:
    view = marks.score_of(APPLICATIONS["view"])
    assert view(np.array([[0, 0], [0, 0], [0, 0], [1, 0]], float)) == pytest.approx(0.5)
    quality = marks.score_of(APPLICATIONS["quality"])
    assert quality(np.array([[0.1, 1.0], [0.2, 5.0], [0.3, 9.0]])) == pytest.approx(1.0)
    assert np.isnan(quality(np.array([[0.1, 1.0], [0.1, 2.0]])))


def test_eleven_applications_are_declared_and_three_are_fine_tuned() -> None:
    assert len(APPLICATIONS) == 11 and sum(a.finetuned for a in APPLICATIONS.values()) == 3
    assert choose_applications(["view", "chambers"]) == (APPLICATIONS["chambers"], APPLICATIONS["view"])
    with pytest.raises(EchoPilotError, match="'biopsy' is unknown; choose of chambers, vessel"):
        choose_applications(["biopsy"])
    flags = [False] * len(STATEMENTS)
    assert report_text(flags) == "Nothing to report."
    flags[-4] = True
    assert report_text(flags) == "There is fluid around the heart."


def test_a_share_of_labels_is_the_same_for_every_encoder_and_never_from_patients_held_out() -> None:
    targets = {"view": np.array([-1] + [3] * 99)}
    held_out = np.arange(100) >= 60
    data = TaskSet("x", np.zeros((100, 4, 4), np.uint8), np.arange(100), held_out, targets)
    rows = data.rows(APPLICATIONS["view"], held_out=False)
    assert len(rows) == 59 and rows[0] == 1 and not held_out[rows].any()
    some = labeled_share(rows, 0.5, 1)
    assert len(some) == 30 and np.array_equal(some, labeled_share(rows, 0.5, 1)) and set(some) <= set(rows)
    assert len(labeled_share(rows, 0.01, 1)) == LEAST_LABELS
    with pytest.raises(EchoPilotError, match="share of labels of 2"):
        labeled_share(rows, 2.0, 1)
    with pytest.raises(EchoPilotError, match="0 images to learn from"):
        TaskSet("x", data.images, data.patients, ~np.zeros(100, bool), targets).rows(APPLICATIONS["view"], False)


def test_what_is_known_is_told_by_the_kind_of_target() -> None:
    assert known(np.array([[255, 255], [255, 0]], np.uint8)).tolist() == [False, True]
    assert known(np.array([np.nan, 0.0])).tolist() == [False, True]
    assert known(np.array([[-1, -1], [-1, 0]], np.int8)).tolist() == [False, True]
