"""Health of the safety process: reasons, force, and the margin to the trip."""

from echopilot_core import RobotState, SafetyMode, SafetyState
from echopilot_nodes.diagnostics.health import Health, Severity

SEVERITIES = {
    SafetyMode.OK: Severity.OK,
    SafetyMode.HOLD: Severity.WARN,
    SafetyMode.RETRACT: Severity.ERROR,
    SafetyMode.STOPPED: Severity.ERROR,
}


def safety_health(robot: RobotState | None, state: SafetyState | None, commanders: int, breaks: int) -> Health:
    """Health by the last state that safety announced.

    Args:
        robot: newest state of the robot; None before the first.
        state: last one announced; None before the first.
        commanders: publishers of commands.
        breaks: ticks that went on without a peer.
    """
    values: dict[str, object] = {"command speakers": commanders, "ticks without a peer": breaks}
    if robot is None or state is None:
        return Health("waits for the robot", Severity.STALE, values)
    force_n = robot.contact_force_n
    values |= {"contact force [N]": force_n, "soft cap [N]": state.soft_cap_n, "trip [N]": state.trip_force_n}
    values["margin to the trip [N]"] = state.trip_force_n - force_n
    return Health(", ".join(state.reasons) or state.mode.name, SEVERITIES[state.mode], values)
