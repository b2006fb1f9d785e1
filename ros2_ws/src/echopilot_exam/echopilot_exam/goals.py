"""What the exam asks of the controller in each step."""

from echopilot_control.safety import Limits
from echopilot_core import ControlGoal, GoalKind, View
from echopilot_exam.protocol import Step, StepKind
from echopilot_exam.stages import RETREAT_LIMIT_S


def wanted_kind(step: Step) -> GoalKind:
    """The goal that a step begins with. HOLD: the operator moves the probe; IDLE: the arm stays away."""
    if step.kind is StepKind.SWEEP:
        return GoalKind.SWEEP
    if step.by_hand:
        return GoalKind.IDLE
    return GoalKind.HOLD if step.guided else GoalKind.ACQUIRE_VIEW


def step_goal(goal_id: int, step: Step, extra_n: float, limits: Limits) -> ControlGoal:
    """The goal of a step, pressed `extra_n` [N] harder than the protocol says, within the limits."""
    force_n = min(step.force_n + extra_n, limits.row(step.preset).setpoint_max_n)
    return ControlGoal(
        goal_id, wanted_kind(step), step.view, force_n, step.preset, step.timeout_s, speed_m_s=step.speed_m_s
    )


def plain_goal(goal_id: int, kind: GoalKind, step: Step, limits: Limits) -> ControlGoal:
    """RETREAT or IDLE under the limits of the step that it ends."""
    force_n = limits.row(step.preset).setpoint_n
    return ControlGoal(goal_id, kind, View.NONE, force_n, step.preset, RETREAT_LIMIT_S, speed_m_s=step.speed_m_s)
