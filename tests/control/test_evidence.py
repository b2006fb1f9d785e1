"""The declaration of evidence is complete, and no protection moves the robot on evidence that is lost or faked."""

from collections import Counter
from copy import copy
from functools import lru_cache

import pytest
from evidence_stream import EvidenceStream, Wish, press, to_and_fro

from echopilot_control.safety import Reason, SafetyInputs
from echopilot_control.safety.evidence import EVIDENCE, PROTECTIONS
from echopilot_control.safety.evidence.faults import FAULTS, Fault, FaultKind, Shows
from echopilot_core import SafetyMode

BY_NAME = {evidence.name: evidence for evidence in EVIDENCE}
AFTER_TICKS = 60  # how long a fault is watched after the time in which it has to be noticed


def test_every_reason_stands_in_one_row() -> None:
    rows = [r for evidence in EVIDENCE for r in evidence.otherwise] + [r for p in PROTECTIONS for r in p.reasons]
    assert Counter(rows) == Counter(Reason)


def test_every_protection_needs_declared_evidence_and_every_evidence_is_needed() -> None:
    needed = {name for protection in PROTECTIONS for name in protection.needs}
    assert needed == set(BY_NAME)


def test_every_way_has_one_fault() -> None:
    ways = [(evidence.name, way) for evidence in EVIDENCE for way in evidence.ways]
    assert Counter(ways) == Counter((kind.evidence, kind.way) for kind in FAULTS)
    assert len({kind.name for kind in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("wish", [to_and_fro, press])
def test_good_evidence_moves_the_robot_without_a_reason(wish) -> None:
    stream = EvidenceStream(wish)
    decisions = stream.run(1500)
    assert {d.state.reasons for d in decisions} == {()}
    assert all(d.twist is not None for d in decisions)


@lru_cache
def begun(wish: Wish) -> tuple[EvidenceStream, list[SafetyInputs]]:
    """A stream that moves with mode OK, and all that safety took in it."""
    stream, taken = EvidenceStream(wish), []
    for _ in range(437):
        taken.append(stream.good())
        decision = stream.decide(taken[-1])
    assert decision.mode is SafetyMode.OK and decision.twist is not None and decision.twist.twist.any()
    return stream, taken


@pytest.mark.parametrize("wish", [to_and_fro, press])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("kind", FAULTS, ids=lambda k: k.name)
def test_no_motion_on_lost_or_faked_evidence(kind: FaultKind, share: float, wish: Wish) -> None:
    """Each fault begins while the robot moves; after the declared time nothing moves with mode OK."""
    if kind.shows is Shows.PRESSING and wish is to_and_fro:
        pytest.skip("shows in contact alone")
    stream, before = begun(wish)
    stream = copy(stream)
    fault = Fault(kind, kind.size[0] + share * (kind.size[1] - kind.size[0]))
    for taken in before:
        fault.inputs(taken, active=False)
    wait = round(100 * kind.within_s) + (20 if kind.shows is Shows.NEW_SKIN else 0)
    seen: set[str] = set()
    for k in range(wait + AFTER_TICKS):
        decision = stream.decide(fault.inputs(stream.good(), active=True))
        seen |= set(decision.state.reasons)
        moves = decision.twist is not None and decision.twist.twist.any()
        assert not (k >= wait and moves and decision.mode is SafetyMode.OK), f"moves {k} ticks after the fault began"
    assert seen & {reason.name for reason in Reason}, "nothing was said"
