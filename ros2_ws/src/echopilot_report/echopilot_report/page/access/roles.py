"""Roles and their permissions; requests that start motion are allowed from this machine alone."""

from enum import Enum


class Role(Enum):
    """Role of a session."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    SERVICE = "service"


class Action(Enum):
    """Requests of the page to the graph; the value is the last part of the URL."""

    STOP = "stop"  # nothing moves until an operator resumes
    PAUSE = "pause"  # the probe leaves the skin, the exam waits
    LIFT_OFF = "lift-off"  # after STOP: safety takes the probe off the patient
    RESUME = "resume"
    SKIP = "skip"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    START = "start"


_HANDS_ON = frozenset({Role.OPERATOR, Role.SERVICE})
ALLOWED: dict[Action, frozenset[Role]] = {
    Action.STOP: frozenset(Role),
    Action.PAUSE: _HANDS_ON,
    Action.LIFT_OFF: _HANDS_ON,
    Action.RESUME: _HANDS_ON,
    Action.SKIP: _HANDS_ON,
    Action.FREEZE: _HANDS_ON,
    Action.UNFREEZE: _HANDS_ON,
    Action.START: frozenset({Role.OPERATOR}),
}
LOCAL_ONLY = frozenset({Action.START, Action.LIFT_OFF, Action.RESUME, Action.SKIP})
"""They set the probe in motion: allowed only on the machine beside the robot."""


def refusal(action: Action, role: Role, is_local: bool) -> str:
    """Reason why `role` may not request `action`, in one line; empty when it may."""
    if role not in ALLOWED[action]:
        roles = " or ".join(sorted(r.value for r in ALLOWED[action]))
        return f"{action.value} needs the role {roles}, you are signed in as {role.value}"
    if action in LOCAL_ONLY and not is_local:
        return f"{action.value} moves the probe: only from the machine beside the robot"
    return ""
