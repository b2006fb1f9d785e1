"""Scenarios in contact, and the run into joint limits."""

from collections.abc import Callable

import numpy as np

from echopilot_control.robot_contract.refusals import Broken
from echopilot_control.robot_contract.rules import ContractRule
from echopilot_control.robot_contract.session import SETPOINT_N, ContractSession, advanced_m, is_own_mode, mean_force_n
from echopilot_core import RobotMode, RobotState, SafetyMode
from echopilot_core.robot_interface import HOLD_STIFFNESS_N_M, RETRACT_M, RETRACT_M_S
from echopilot_core.timing import TICK_S

FORCE_TOLERANCE_N = 1.0  # dead band, noise and drift of a sensor
SURFACE_M = 0.008
_STILL_M = 0.0012  # compliance of an arm that is commanded to stand still
_AT_REST_M = 0.0005
_RETRACT_TOLERANCE_M, _SPEED_TOLERANCE = 0.005, 1.25


def silent_in_contact(session: ContractSession) -> Broken:
    """Pressed with 5 N, then silence while the surface goes away and comes closer than it was."""
    session.into_contact()
    states = session.silence(1.0)
    late = [s for s in states[6:] if not is_own_mode(s)]
    if late:
        yield ContractRule.SILENCE, f"its mode is {late[0].mode.name} in contact, 70 ms after the last twist"
    if any(s.mode is RobotMode.RETRACT for s in states):
        yield from _own_retraction(states + session.silence(3.0))
        return
    held_n = mean_force_n(states[-30:])
    if held_n > SETPOINT_N + FORCE_TOLERANCE_N:
        yield ContractRule.HOLD_FORCE, f"{held_n:.1f} N after 1 s of silence"
    before = session.last
    session.rig.move_surface(-SURFACE_M)
    yielded_n = mean_force_n(session.silence(3.0)[-50:])
    advance_m, drop_n = advanced_m(before, session.last), held_n - yielded_n
    figures = f"the surface went back {1e3 * SURFACE_M:.0f} mm: the probe {1e3 * advance_m:.1f} mm, {drop_n:.1f} N less"
    if advance_m < _STILL_M and drop_n > FORCE_TOLERANCE_N:
        yield ContractRule.STANDS_STILL, figures
    elif drop_n > HOLD_STIFFNESS_N_M * max(advance_m, 0.0) + FORCE_TOLERANCE_N:
        yield ContractRule.HOLD_STIFFNESS, figures
    session.rig.move_surface(2.0 * SURFACE_M)
    closer_n = mean_force_n(session.silence(3.0)[-50:])
    if closer_n > SETPOINT_N + FORCE_TOLERANCE_N:
        yield (
            ContractRule.HOLD_FORCE,
            f"{closer_n:.1f} N after the surface came {1e3 * SURFACE_M:.0f} mm closer than it was",
        )


def stopped_in_contact(session: ContractSession) -> Broken:
    """Pressed with 5 N, then safety is latched while twists go on pressing."""
    session.into_contact()
    states = [session.send(session.along_z(0.01), safety=SafetyMode.STOPPED) for _ in range(100)]
    late = [s for s in states[6:] if not is_own_mode(s)]
    if late:
        yield ContractRule.SAFETY_STOPPED, f"its mode is {late[0].mode.name} 70 ms after safety latched"
    if (peak_n := max(s.contact_force_n for s in states)) > SETPOINT_N + 2.0 * FORCE_TOLERANCE_N:
        yield ContractRule.SAFETY_STOPPED, f"it pressed on to {peak_n:.1f} N"


def reads_the_force(session: ContractSession) -> Broken:
    """Pressed with 5 N: what the robot reads is what the witness sees."""
    session.into_contact()
    read_n, seen_n = [], []
    for _ in range(50):
        session.send(session.along_z(session.toward(SETPOINT_N)))
        read_n.append(session.last.contact_force_n)
        seen_n.append(session.rig.witness_force_n())
    if abs(np.mean(read_n) - np.mean(seen_n)) > FORCE_TOLERANCE_N:  # never true without a witness
        yield ContractRule.FORCE_READING, f"it reads {np.mean(read_n):.1f} N, the witness {np.mean(seen_n):.1f} N"


def runs_into_limits(session: ContractSession) -> Broken:
    """Up, then far and fast along and about every axis but towards the patient; the rules of states judge."""
    for _ in range(200):
        session.send(session.along_z(-0.05))
    for axis in range(6):
        for sign in (1.0, -1.0):
            twist = np.zeros(6)
            twist[axis] = sign * (0.25 if axis < 3 else 4.0)
            for _ in range(300 if axis < 3 else 100):
                down = twist[:3] @ session.last.T_base_probe[:3, 2] > 0.0
                session.send(None if axis < 3 and down else twist)
    yield from ()


def _own_retraction(states: list[RobotState]) -> Broken:
    first = next(i for i, s in enumerate(states) if s.mode is RobotMode.RETRACT)
    back_m = np.array([-advanced_m(states[first], s) for s in states[first:]])
    if abs(back_m[-1] - RETRACT_M) > _RETRACT_TOLERANCE_M:
        yield ContractRule.OWN_RETRACTION, f"it went back {1e3 * back_m[-1]:.1f} mm"
    speed_m_s = float((back_m[10:] - back_m[:-10]).max() / (10 * TICK_S))
    if speed_m_s > _SPEED_TOLERANCE * RETRACT_M_S:
        yield ContractRule.OWN_RETRACTION, f"it went back at {1e3 * speed_m_s:.0f} mm/s"
    if np.ptp(back_m[-100:]) > _AT_REST_M:
        yield ContractRule.OWN_RETRACTION, f"it still moved by {1e3 * np.ptp(back_m[-100:]):.1f} mm in the last second"


CONTACT: dict[str, Callable[[ContractSession], Broken]] = {
    "reads_the_force": reads_the_force,
    "silent_in_contact": silent_in_contact,
    "stopped_in_contact": stopped_in_contact,
    "runs_into_limits": runs_into_limits,
}
