"""The whole contract on one rig."""

from collections.abc import Callable, Iterable

from echopilot_control.robot_contract.contact import CONTACT
from echopilot_control.robot_contract.refusals import REFUSALS, Broken
from echopilot_control.robot_contract.rig import Rig
from echopilot_control.robot_contract.rules import ScenarioEndedError, Violation
from echopilot_control.robot_contract.session import ContractSession
from echopilot_control.robot_contract.states import broken_by_states, limits_of
from echopilot_core import EchoPilotError

SCENARIOS: dict[str, Callable[[ContractSession], Broken]] = {**REFUSALS, **CONTACT}


def check_robot(rig: Rig, urdf: str, scenarios: Iterable[str] = tuple(SCENARIOS)) -> tuple[Violation, ...]:
    """Run scenarios on a fresh robot each; an empty answer is a robot that keeps the contract.

    Args:
        rig: the robot over a surface.
        urdf: text of the robot's description, for its joint and speed limits.
        scenarios: names out of SCENARIOS; all of them by default, in about 100 s of the robot's time.

    Raises:
        EchoPilotError: for an unknown scenario.
        ValueError: for a description without joint or speed limits.
    """
    limits = limits_of(urdf)
    violations: list[Violation] = []
    for name in scenarios:
        if name not in SCENARIOS:
            raise EchoPilotError(f"unknown scenario {name!r}; choose from: {', '.join(SCENARIOS)}")
        session = ContractSession(rig)
        try:
            broken = list(SCENARIOS[name](session))
        except ScenarioEndedError as ended:
            broken = [(ended.rule, ended.detail)]
        broken += broken_by_states(session.states, limits)
        violations += [Violation(rule, name, detail) for rule, detail in broken]
    return tuple(violations)
