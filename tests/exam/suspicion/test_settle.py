"""A suspicion is confirmed or withdrawn by the majority of its looks, and never left open without a reason."""

from math import isfinite, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suspicion_items import LONG, TRANS, look, no_number, suspicion

from echopilot_core import FindingKind, SuspicionOutcome, View
from echopilot_exam.suspicion.settle import is_settled, raises, settled
from echopilot_exam.suspicion.table import second_looks

ROWS = second_looks()
ANEURYSM, FLUID = ROWS[FindingKind.ANEURYSM_ABDOMINAL], ROWS[FindingKind.EFFUSION]
OPEN, CONFIRMED, WITHDRAWN = SuspicionOutcome


def test_three_wide_looks_confirm_at_the_mean_of_the_transverse_ones() -> None:
    raised = suspicion(look(0.0441, title="sweep"), look(0.0452, title="second pass"), look(0.0430, LONG, "long axis"))
    end = settled(raised, ANEURYSM)
    assert end.outcome is CONFIRMED and end.value == pytest.approx(0.04465)
    assert end.reason == "44.6 mm: sweep 44.1 mm, second pass 45.2 mm, long axis 43.0 mm"


def test_two_narrow_looks_withdraw_a_wide_one_and_all_three_are_told() -> None:
    end = settled(suspicion(look(0.036, title="sweep"), look(0.022, title="second pass"), look(0.021, LONG)), ANEURYSM)
    assert end.outcome is WITHDRAWN
    for words in ("sweep 36.0 mm", "second pass 22.0 mm", "AORTA_LONG 21.0 mm", "differ by 15.0 mm"):
        assert words in end.reason


def test_looks_that_contradict_each_other_leave_it_open() -> None:
    end = settled(suspicion(look(0.044), look(0.022)), ANEURYSM)
    assert end.outcome is OPEN and "contradict" in end.reason and not isfinite(end.value)


@pytest.mark.parametrize(("first", "second", "outcome"), [(0.0290, 0.0275, CONFIRMED), (0.0282, 0.0270, WITHDRAWN)])
def test_two_looks_around_the_limit_are_decided_by_their_mean(first: float, second: float, outcome: object) -> None:
    assert settled(suspicion(look(first), look(second)), ANEURYSM).outcome is outcome


def test_without_a_second_number_it_stays_open_and_says_why() -> None:
    raised = suspicion(look(0.044), no_number("start refused: it lies 62 mm from the patient's skin"))
    end = settled(raised, ANEURYSM, "the 240 s for it are used up")
    assert end.outcome is OPEN
    assert end.reason.startswith("long axis: start refused") and end.reason.endswith("used up")
    assert settled(suspicion(look(0.044)), ANEURYSM).reason == "no second look was made"


def test_a_plane_beside_the_vessel_does_not_outvote_two_passes() -> None:
    end = settled(suspicion(look(0.044), look(0.043), look(0.026, LONG)), ANEURYSM)
    assert end.outcome is CONFIRMED and "differ by 18.0 mm" in end.reason


def test_fluid_that_no_other_window_shows_is_withdrawn() -> None:
    kind = FindingKind.EFFUSION
    one = suspicion(look(0.009, View.PLAX), look(0.0, View.SC4C, detail="no fluid"), kind=kind)
    assert not is_settled(one, FLUID) and settled(one, FLUID).outcome is OPEN
    two = suspicion(*one.looks, look(0.0, View.A4C), kind=kind)
    assert is_settled(two, FLUID) and settled(two, FLUID).outcome is WITHDRAWN
    seen = suspicion(look(0.009, View.PLAX), look(0.012, View.SC4C), kind=kind)
    assert is_settled(seen, FLUID) and settled(seen, FLUID).reason == "9.0 mm: PLAX 9.0 mm, SC4C 12.0 mm"


def test_what_is_scored_needs_one_more_look_for_than_against() -> None:
    kind = FindingKind.DISSECTION_FLAP
    scores = [look(0.9, unit="1"), look(0.0, unit="1"), look(0.8, LONG, unit="1")]
    assert settled(suspicion(*scores[:2], kind=kind), ROWS[kind]).outcome is OPEN
    assert settled(suspicion(*scores, kind=kind), ROWS[kind]).outcome is CONFIRMED
    assert "90 %" in settled(suspicion(*scores, kind=kind), ROWS[kind]).reason


@given(st.lists(st.one_of(st.just(nan), st.floats(0.0, 0.09)), max_size=4))
def test_every_outcome_has_a_reason_and_every_settled_one_a_number(values: list[float]) -> None:
    looks = [look(v) if isfinite(v) else no_number("gate refused", TRANS) for v in values]
    end = settled(suspicion(look(0.035), *looks), ANEURYSM)
    assert end.reason and end.looks == (look(0.035), *looks)
    assert (end.outcome is OPEN) != isfinite(end.value)
    if end.outcome is not OPEN:
        votes = [raises(FindingKind.ANEURYSM_ABDOMINAL, x.value) for x in end.looks if isfinite(x.value)]
        assert 2 * sum(votes) == len(votes) or (2 * sum(votes) > len(votes)) == (end.outcome is CONFIRMED)
