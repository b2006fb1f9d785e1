"""The gate: every threshold can refuse alone, and not-a-number never passes."""

from dataclasses import replace

import numpy as np
import pytest
from exam_world import make_seen

from echopilot_core import PerceptionResult, SegmentationClass, View
from echopilot_exam.gate.acceptance_criteria import GATES
from echopilot_exam.gate.gate import evaluate_frame, evaluate_view

GATE = GATES["A4C"]


def good() -> PerceptionResult:
    return make_seen(1, 0, View.A4C)


def test_good_frame_passes_every_gate_of_its_view() -> None:
    assert evaluate_frame(good(), GATE).passed
    for name in ("AORTA_TRANS", "AORTA_SWEEP"):
        assert evaluate_frame(make_seen(1, 0, View.AORTA_TRANS), GATES[name]).passed


def other_view() -> np.ndarray:
    return np.eye(len(View))[View.PLAX]


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        (replace(good(), quality=0.1), "quality"),
        (replace(good(), quality=float("nan")), "quality"),
        (replace(good(), view_probability=other_view()), "view probability"),
        (replace(good(), view_probability=np.full(len(View), np.nan)), "view probability"),
        (replace(good(), coupling=np.r_[np.zeros(8), np.ones(8)]), "coupled"),
        (replace(good(), coupling=np.full(16, np.nan)), "coupled"),
        (replace(good(), ood_score=0.99), "out of distribution"),
        (replace(good(), ood_score=float("nan")), "out of distribution"),
        (
            replace(good(), extents=tuple(e for e in good().extents if e.tissue is not SegmentationClass.LA)),
            "LA not seen",
        ),
    ],
)
def test_one_failing_threshold_refuses_and_says_so(seen: PerceptionResult, word: str) -> None:
    verdict = evaluate_frame(seen, GATE)
    assert not verdict.passed
    assert len(verdict.reasons) == 1 and word in verdict.reasons[0]


def test_off_center_structure_is_refused() -> None:
    gate = GATES["AORTA_TRANS"]
    seen = make_seen(1, 0, View.AORTA_TRANS)
    moved = tuple(replace(e, centroid_x_m=e.centroid_x_m + 0.03) for e in seen.extents)
    assert "off center" in evaluate_frame(replace(seen, extents=moved), gate).reasons[0]


def test_view_needs_enough_frames_and_enough_good_ones() -> None:
    passed, failed = evaluate_frame(good(), GATE), evaluate_frame(replace(good(), quality=0.0), GATE)
    assert not evaluate_view([], GATE).passed
    assert not evaluate_view([passed] * (GATE.min_frames - 1), GATE).passed
    assert evaluate_view([passed] * 7 + [failed] * 3, GATE).passed
    refused = evaluate_view([passed] * 5 + [failed] * 5, GATE)
    assert not refused.passed and "quality" in refused.reason
