"""Which holds of the graph of hardware a machine explains that stood still, and which count against the graph."""

import pytest

from echopilot_bringup.hardware.bench import judged
from echopilot_bringup.hardware.holds import (
    ENOUGH_NS,
    FOLLOWS_NS,
    ROBOT_AGE_NS,
    Gap,
    HoldRecord,
    SafetyHold,
    by_reason,
    cause,
)
from echopilot_control.safety.limits import Limits
from echopilot_core import SafetyMode, SafetyState

MS = 1_000_000
AT = 5_000 * MS


def hold(begin_ns: int = AT, *reasons: str) -> SafetyHold:
    return SafetyHold(begin_ns, begin_ns + 50 * MS, reasons or ("ROBOT_STALE",))


def gap(ended_before_ms: float, length_ms: float, core: int = 0) -> Gap:
    end_ns = AT - round(ended_before_ms * MS)
    return Gap(core, end_ns - round(length_ms * MS), end_ns)


def state(mode: SafetyMode, *reasons: str) -> SafetyState:
    return SafetyState(0, mode, reasons, 12.0, 18.0)


def test_a_gap_has_to_make_the_state_of_a_graph_too_old_that_is_in_time() -> None:
    assert Limits().robot_age_s * 1e9 == ROBOT_AGE_NS
    assert ENOUGH_NS == 15 * MS  # too old is above 30 ms; the next state comes after 10 ms, and takes 5 ms


@pytest.mark.parametrize(
    ("found", "explains"),
    [
        (gap(5, 24), True),
        (gap(5, 15), True),
        (gap(5, 14.9), False),
        (gap(100, 24), True),
        (gap(100.1, 24), False),
        (gap(-30, 60), True),  # one core still stands while the other holds: 30 ms before
        (gap(-30, 44), False),  # 14 ms before
        (gap(-40, 24), False),  # begins after the hold
    ],
)
def test_only_a_long_gap_just_before_a_hold_explains_it(found: Gap, explains: bool) -> None:
    assert cause(hold(), [found]) == (found if explains else None)


def test_short_gaps_do_not_add_up_and_the_longest_of_several_is_named() -> None:
    assert cause(hold(), [gap(5, 12), gap(25, 12), gap(5, 12, core=1)]) is None
    assert cause(hold(), [gap(5, 21), gap(60, 33, core=1), gap(30, 22)]) == gap(60, 33, core=1)


def test_a_hold_lasts_until_safety_is_well_and_keeps_every_reason_in_order() -> None:
    record = HoldRecord()
    record.take(state(SafetyMode.OK), 1)
    record.take(state(SafetyMode.HOLD, "ROBOT_STALE"), 2)
    record.take(state(SafetyMode.STOPPED, "ROBOT_LOST", "ROBOT_STALE"), 3)
    record.take(state(SafetyMode.STOPPED, "ROBOT_LOST", "COMMAND_STALE"), 4)
    record.take(state(SafetyMode.OK), 5)
    record.take(state(SafetyMode.OK), 6)
    record.take(state(SafetyMode.HOLD, "NODE_LOST"), 7)
    assert record.holds == [
        SafetyHold(2, 5, ("ROBOT_STALE", "ROBOT_LOST", "COMMAND_STALE")),
        SafetyHold(7, 7, ("NODE_LOST",)),
    ]
    assert by_reason(record.holds) == {"ROBOT_STALE": 1, "ROBOT_LOST": 1, "COMMAND_STALE": 1, "NODE_LOST": 1}


def test_what_the_machine_does_not_explain_counts_against_the_graph() -> None:
    holds = [hold(AT, "ROBOT_STALE", "ROBOT_LOST"), hold(AT + 2 * FOLLOWS_NS, "COMMAND_STALE")]
    figures = judged(holds, [gap(5, 24)], granted=True, began_ns=AT - 1_000 * MS)
    assert figures["holds"]["by_machine"] == {"ROBOT_STALE": 1, "ROBOT_LOST": 1}
    assert figures["holds"]["without_cause"] == {"COMMAND_STALE": 1}
    assert figures["machine"]["longest_gap_ms"] == pytest.approx(24.0)
    assert [entry["at_s"] for entry in figures["holds"]["list"]] == pytest.approx([1.0, 1.2])


def test_gaps_of_watchers_without_priority_explain_nothing() -> None:
    figures = judged([hold()], [gap(5, 24)], granted=False, began_ns=0)
    assert figures["holds"]["without_cause"] == {"ROBOT_STALE": 1} and not figures["holds"]["by_machine"]
    assert figures["machine"]["gaps"] == 1 and not figures["machine"]["sched_fifo"]
