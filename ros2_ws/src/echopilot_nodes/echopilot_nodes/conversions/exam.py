"""ExamState with its results per view."""

from echopilot_msgs.msg import ExamState as ExamStateMsg
from echopilot_msgs.msg import ViewResult

from echopilot_core import ControlGoal, GoalKind
from echopilot_exam.states import ExamState, StepResult
from echopilot_nodes.conversions.basic import to_header
from echopilot_nodes.conversions.robot import to_goal


def to_view_result(result: StepResult) -> ViewResult:
    """How one step ended to its message."""
    return ViewResult(
        view=int(result.view),
        outcome=int(result.outcome),
        score=float(result.score),
        seconds=float(result.seconds),
        frame_sequence=result.frame_sequence,
        detail=result.detail,
    )


def to_exam_state(state: ExamState, tick: int) -> ExamStateMsg:
    """Exam state to its message; `tick` is the robot's exam tick, which goals are counted by."""
    return ExamStateMsg(
        header=to_header(state.stamp_ns, "base"),
        tick=tick,
        active=state.active,
        state=state.state,
        step_index=state.step_index,
        steps_total=state.steps_total,
        view=int(state.view),
        waiting_for=state.waiting_for,
        progress=float(state.progress),
        message=state.message,
        imaging_preset=state.imaging_preset,
        goal=to_goal(state.goal),
        results=[to_view_result(r) for r in state.results],
        frame_sequence=state.frame_sequence,
    )


def to_idle_exam_state(stamp_ns: int, tick: int, active: bool, message: str) -> ExamStateMsg:
    """State while no exam runs, or (`active`) while one waits for its first tick."""
    idle = to_goal(ControlGoal(goal_id=0, kind=GoalKind.IDLE))
    name = "PREPARE" if active else "IDLE"
    return ExamStateMsg(
        header=to_header(stamp_ns, "base"), tick=tick, active=active, state=name, message=message, goal=idle,
        frame_sequence=-1,
    )  # fmt: skip
