"""Actions AcquireView and Sweep: goals for the controller without an exam; ended with a reason while one runs."""

from dataclasses import dataclass, replace
from typing import Any

from echopilot_msgs.action import AcquireView, Sweep
from echopilot_msgs.msg import ControlStatus as ControlStatusMsg
from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.lifecycle import LifecycleNode
from rclpy.serialization import deserialize_message
from rclpy.task import Future

from echopilot_control.safety.limits import DESIGN_LIMITS
from echopilot_core import ControlGoal, ControlStatus, GoalKind, Outcome, Preset, View
from echopilot_nodes.graph import topics
from echopilot_nodes.graph.jog_input import JogInput

FIRST_ID = 1_000_000  # far from the ids of an exam
FEEDBACK_TICKS = 10
OF_THE_AORTA = (View.AORTA_TRANS, View.AORTA_LONG)


@dataclass(frozen=True)
class Ended:
    """How a manual goal ended."""

    outcome: Outcome
    message: str
    frame_sequence: int = -1


class ManualGoals:
    """At most one goal at a time; a canceled or finished one leaves a retreat in force."""

    def __init__(self, node: LifecycleNode) -> None:
        self._log = node.get_logger()
        self._next_id = FIRST_ID
        self._goal: ControlGoal | None = None
        self._handle: ServerGoalHandle | None = None
        self._done: Future | None = None
        self._score = 0.0
        self._station_m = 0.0
        self.exam_active = False
        self.accepts = False  # while the controller is active
        self.jog = JogInput(node)
        self._servers = [
            ActionServer(node, kind, name, work, cancel_callback=self._cancel)
            for kind, name, work in (
                (AcquireView, topics.ACQUIRE_VIEW, self._acquire),
                (Sweep, topics.SWEEP, self._sweep),
            )
        ]

    def goal(self, fallback: ControlGoal) -> ControlGoal:
        """The goal in force while no exam runs."""
        return fallback if self._goal is None else self._goal

    def note(self, status: ControlStatus, data: bytes) -> None:
        """Look at the controller's state after a tick: give feedback, end the action when its goal has ended.

        `data` is the message of `status`.
        """
        handle, goal = self._handle, self._goal
        if handle is None or goal is None or self._done is None or status.goal_id != goal.goal_id:
            return
        self._score = max(self._score, status.view_score)
        self._station_m = status.station_m
        if status.tick % FEEDBACK_TICKS == 0:
            kind = AcquireView if goal.kind == GoalKind.ACQUIRE_VIEW else Sweep
            handle.publish_feedback(kind.Feedback(status=deserialize_message(data, ControlStatusMsg)))
        if status.outcome != Outcome.RUNNING or handle.is_cancel_requested:
            self._done.set_result(Ended(status.outcome, status.detail, status.frame_sequence))
            self._goal = self._new(GoalKind.RETREAT, View.NONE, 0.0, goal.preset, 20.0)
            self._handle = self._done = None

    def end(self, reason: str) -> None:
        """Drop the goal, so that it can neither hang nor go on by itself later; its client hears PREEMPTED."""
        if self._done is not None:
            self._done.set_result(Ended(Outcome.PREEMPTED, reason))
        self._goal = self._handle = self._done = None

    def _refusal(self, request: Any) -> str:
        """Why a goal is not followed, with the valid choices; "" for one that is."""
        if request.preset not in ("", *DESIGN_LIMITS):
            return f"preset is {request.preset!r}; valid: {', '.join(DESIGN_LIMITS)}, or empty for that of the view"
        if all(request.view != view for view in View):
            return f"view is {request.view}; valid: 0 to {max(View):d}, the constants of View"
        if not request.timeout > 0.0:
            return f"timeout is {request.timeout:g} s; valid: more than 0"
        if not self.accepts:
            return "the controller is not active"
        if self.exam_active:
            return "an exam is running; stop it first"
        return "another goal is running" if self._done is not None else ""

    def _cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        return CancelResponse.ACCEPT

    def _new(self, kind: GoalKind, view: View, force_n: float, preset: str, timeout_s: float) -> ControlGoal:
        self._next_id += 1
        row = DESIGN_LIMITS[preset]
        force_n = min(force_n, row.setpoint_max_n) if force_n > 0.0 else row.setpoint_n
        return ControlGoal(self._next_id, kind, view, force_n, preset, timeout_s)

    def _goal_of(self, kind: GoalKind, request: Any) -> ControlGoal:
        view = View(request.view)
        preset = request.preset or (Preset.ABDOMEN if view in OF_THE_AORTA else Preset.CARDIAC).value
        goal = self._new(kind, view, request.force_setpoint, preset, request.timeout)
        asks_speed = kind is GoalKind.SWEEP and request.speed > 0.0
        return replace(goal, speed_m_s=request.speed) if asks_speed else goal

    async def _follow(self, handle: ServerGoalHandle, kind: GoalKind) -> Ended:
        request = handle.request
        if refusal := self._refusal(request):  # accepted first: a rejection carries no reason
            self._log.error(f"{kind.name.lower()} refused: {refusal}")
            handle.abort()
            return Ended(Outcome.ABORTED, refusal)
        self._score = 0.0
        self._goal = self._goal_of(kind, request)
        self._handle, self._done = handle, Future()
        ended: Ended = await self._done
        if handle.is_cancel_requested:
            handle.canceled()
        elif ended.outcome == Outcome.SUCCEEDED:
            handle.succeed()
        else:
            handle.abort()
        return ended

    async def _acquire(self, handle: ServerGoalHandle) -> AcquireView.Result:
        ended = await self._follow(handle, GoalKind.ACQUIRE_VIEW)
        return AcquireView.Result(
            outcome=int(ended.outcome),
            message=ended.message,
            view_score=float(self._score),
            frame_sequence=ended.frame_sequence,
        )

    async def _sweep(self, handle: ServerGoalHandle) -> Sweep.Result:
        ended = await self._follow(handle, GoalKind.SWEEP)
        return Sweep.Result(outcome=int(ended.outcome), message=ended.message, length=float(self._station_m))
