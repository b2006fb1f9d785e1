"""Scenarios in free air: a valid twist is followed, every other one is refused and counts as silence."""

from collections.abc import Callable, Iterator

import numpy as np

from echopilot_control.robot_contract.rules import ContractRule
from echopilot_control.robot_contract.session import ContractSession, advanced_m, is_own_mode, moved
from echopilot_core import Array, RobotMode, RobotState, SafetyMode
from echopilot_core.robot_interface import FUTURE_NS, SILENCE_NS
from echopilot_core.timing import TICK_NS

Broken = Iterator[tuple[ContractRule, str]]

GOOD: Array = np.array([0.02, 0.0, 0.0, 0.0, 0.0, 0.0])
BAD: Array = np.array([0.0, 0.05, 0.0, 0.0, 0.0, 0.0])
_TICKS = 40
_STRAY_M = 0.002
_LATEST_NS = SILENCE_NS + 2 * TICK_NS  # from the last valid twist to a state that tells of the hold


def follows(session: ContractSession) -> Broken:
    """One second along x, then one second of turning about probe z."""
    before = session.last
    for _ in range(100):
        session.send(GOOD)
    way = moved(before, session.last)
    if not (0.015 < way[0] < 0.022 and np.abs(way[1:]).max() < 0.003):
        yield ContractRule.FOLLOWS, f"20 mm/s along x for 1 s moved the probe by {np.round(1e3 * way, 1).tolist()} mm"
    if session.last.mode is not RobotMode.SERVO:
        yield ContractRule.FOLLOWS, f"its mode is {session.last.mode.name} meanwhile"
    before = session.last
    for _ in range(100):
        session.send(np.concatenate([np.zeros(3), 0.2 * before.T_base_probe[:3, 2]]))
    cosine = float(before.T_base_probe[:3, 0] @ session.last.T_base_probe[:3, 0])
    turned_rad = float(np.arccos(np.clip(cosine, -1.0, 1.0)))
    if not 0.15 < turned_rad < 0.22:
        yield ContractRule.FOLLOWS, f"0.2 rad/s about probe z for 1 s turned the probe by {turned_rad:.3f} rad"


def refuses(
    rule: ContractRule, send: Callable[[ContractSession, int], RobotState]
) -> Callable[[ContractSession], Broken]:
    """A scenario: valid twists along x, then `send(session, k)` for k = 0 .. 39 with invalid ones along y."""

    def scenario(session: ContractSession) -> Broken:
        for _ in range(20):
            session.send(GOOD)
        last_ns, before = session.last.stamp_ns - TICK_NS, session.last
        for k in range(_TICKS):
            send(session, k)
        stray_m = float(moved(before, session.last)[1])
        if abs(stray_m) > _STRAY_M:
            yield rule, f"the probe followed it by {1e3 * stray_m:.1f} mm"
        yield from _stays_servo(session, last_ns, rule)

    return scenario


def refuses_between(rule: ContractRule, age_ns: int) -> Callable[[ContractSession], Broken]:
    """A scenario: a valid twist along x in every other tick, and between them one along y that is `age_ns` old."""

    def scenario(session: ContractSession) -> Broken:
        before = session.last
        for _ in range(_TICKS):
            session.send(GOOD)
            session.send(BAD, age_ns=age_ns)
        stray_m = float(moved(before, session.last)[1])
        if abs(stray_m) > _STRAY_M:
            yield rule, f"the probe followed it by {1e3 * stray_m:.1f} mm"

    return scenario


def before_any_safety_state(session: ContractSession) -> Broken:
    """Good twists, but safety never said a word."""
    before = session.last
    for _ in range(_TICKS):
        session.send(BAD, safety=None)
    stray_m = float(moved(before, session.last)[1])
    if abs(stray_m) > _STRAY_M:
        yield ContractRule.SAFETY_UNHEARD, f"the probe followed by {1e3 * stray_m:.1f} mm"


def towards_the_patient(session: ContractSession) -> Broken:
    """Safety retracts, and a twist leads along probe z."""
    before = session.last
    for _ in range(_TICKS):
        session.send(session.along_z(0.02), safety=SafetyMode.RETRACT)
    if (stray_m := advanced_m(before, session.last)) > _STRAY_M:
        yield ContractRule.SAFETY_RETRACTS, f"the probe advanced by {1e3 * stray_m:.1f} mm"


def away_from_the_patient(session: ContractSession) -> Broken:
    """Safety retracts, and its twist leads back along probe z."""
    before = session.last
    for _ in range(100):
        session.send(session.along_z(-0.02), safety=SafetyMode.RETRACT)
    back_m = -advanced_m(before, session.last)
    if not 0.015 < back_m < 0.022:
        yield ContractRule.RETRACTION, f"20 mm/s for 1 s led the probe back by {1e3 * back_m:.1f} mm"


def falls_silent(session: ContractSession) -> Broken:
    """Valid twists, then none."""
    for _ in range(50):
        session.send(GOOD)
    last_ns = session.last.stamp_ns - TICK_NS
    session.silence(0.2)
    before = session.last
    session.silence(1.0)
    yield from _stays_servo(session, last_ns, ContractRule.SILENCE)
    if before.mode is RobotMode.COMPLIANT_HOLD:
        stray_m = float(np.linalg.norm(moved(before, session.last)))
        if stray_m > _STRAY_M:
            yield ContractRule.HOLD_MOVES, f"the probe went {1e3 * stray_m:.1f} mm in the second after"


def _stays_servo(session: ContractSession, last_ns: int, rule: ContractRule) -> Broken:
    late = [s for s in session.states if s.stamp_ns >= last_ns + _LATEST_NS and not is_own_mode(s)]
    if late:
        since_ms = (late[0].stamp_ns - last_ns) * 1e-6
        yield rule, f"its mode is {late[0].mode.name} {since_ms:.0f} ms after the last valid twist"


STALE_NS, AHEAD_NS = SILENCE_NS + TICK_NS, -FUTURE_NS - 3 * TICK_NS

REFUSALS: dict[str, Callable[[ContractSession], Broken]] = {
    "follows": follows,
    "not_finite": refuses(ContractRule.NOT_FINITE, lambda s, k: s.send(np.where(BAD == 0.0, np.nan, BAD))),
    "stale": refuses(ContractRule.STALE, lambda s, k: s.send(BAD, age_ns=STALE_NS)),
    "future": refuses(ContractRule.FUTURE, lambda s, k: s.send(BAD, age_ns=AHEAD_NS)),
    "repeated": refuses_between(ContractRule.REPEATED, TICK_NS),
    "older": refuses_between(ContractRule.OLDER, 2 * TICK_NS),
    "two_publishers": refuses(ContractRule.ONE_PUBLISHER, lambda s, k: s.send(BAD, publishers=2)),
    "two_safeties": refuses(ContractRule.ONE_PUBLISHER, lambda s, k: s.send(BAD, safeties=2)),
    "safety_never_heard": before_any_safety_state,
    "safety_silent": refuses(ContractRule.SAFETY_SILENT, lambda s, k: s.send(BAD, safety_age_ns=(k + 6) * TICK_NS)),
    "safety_ahead": refuses(ContractRule.SAFETY_SILENT, lambda s, k: s.send(BAD, safety_age_ns=(k - 100) * TICK_NS)),
    "safety_stopped": refuses(ContractRule.SAFETY_STOPPED, lambda s, k: s.send(BAD, safety=SafetyMode.STOPPED)),
    "safety_retracts": towards_the_patient,
    "retraction": away_from_the_patient,
    "falls_silent": falls_silent,
}
