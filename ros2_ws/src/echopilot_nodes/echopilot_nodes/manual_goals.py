"""Actions AcquireView and Sweep: goals for the controller from users without our exam; refused while an exam runs."""

from typing import Any

from echopilot_msgs.action import AcquireView, Sweep
from echopilot_msgs.msg import ControlStatus as ControlStatusMsg
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.lifecycle import LifecycleNode
from rclpy.task import Future

from echopilot_control.safety.limits import DESIGN_ROWS
from echopilot_core import ControlGoal, ControlStatus, GoalKind, Outcome, View
from echopilot_nodes import names

FIRST_ID = 1_000_000  # far from the ids of an exam
FEEDBACK_TICKS = 10


class ManualGoals:
    """At most one goal at a time; a cancelled or finished one leaves a retreat in force."""

    def __init__(self, node: LifecycleNode) -> None:
        self._next_id = FIRST_ID
        self._goal: ControlGoal | None = None
        self._handle: ServerGoalHandle | None = None
        self._done: Future | None = None
        self._score = 0.0
        self._station_m = 0.0
        self.exam_active = False
        self._servers = [
            ActionServer(node, kind, name, work, goal_callback=self._judge, cancel_callback=self._cancel)
            for kind, name, work in (
                (AcquireView, names.ACQUIRE_VIEW, self._acquire),
                (Sweep, names.SWEEP, self._sweep),
            )
        ]

    def goal(self, fallback: ControlGoal) -> ControlGoal:
        """The goal in force while no exam runs."""
        return fallback if self._goal is None else self._goal

    def note(self, status: ControlStatus, message: ControlStatusMsg) -> None:
        """Look at the controller's state after a tick: give feedback, end the action when its goal has ended."""
        handle, goal = self._handle, self._goal
        if handle is None or goal is None or self._done is None or status.goal_id != goal.goal_id:
            return
        self._score = max(self._score, status.view_score)
        self._station_m = status.station_m
        if status.tick % FEEDBACK_TICKS == 0:
            kind = AcquireView if goal.kind == GoalKind.ACQUIRE_VIEW else Sweep
            handle.publish_feedback(kind.Feedback(status=message))
        if status.outcome != Outcome.RUNNING or handle.is_cancel_requested:
            self._done.set_result(status)
            self._goal = self._new(GoalKind.RETREAT, View.NONE, 0.0, goal.preset, 20.0)
            self._handle = self._done = None

    def _judge(self, request: Any) -> GoalResponse:
        valid = request.preset in DESIGN_ROWS and any(request.view == view for view in View) and request.timeout > 0.0
        free = self._handle is None and not self.exam_active
        return GoalResponse.ACCEPT if valid and free else GoalResponse.REJECT

    def _cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        return CancelResponse.ACCEPT

    def _new(self, kind: GoalKind, view: View, force_n: float, preset: str, timeout_s: float) -> ControlGoal:
        self._next_id += 1
        row = DESIGN_ROWS[preset]
        force_n = min(force_n, row.setpoint_max_n) if force_n > 0.0 else row.setpoint_n
        return ControlGoal(self._next_id, kind, view, force_n, preset, timeout_s)

    async def _follow(self, handle: ServerGoalHandle, kind: GoalKind) -> ControlStatus:
        request = handle.request
        self._score = 0.0
        self._goal = self._new(kind, View(request.view), request.force_setpoint, request.preset, request.timeout)
        self._handle, self._done = handle, Future()
        status: ControlStatus = await self._done
        if handle.is_cancel_requested:
            handle.canceled()
        elif status.outcome == Outcome.SUCCEEDED:
            handle.succeed()
        else:
            handle.abort()
        return status

    async def _acquire(self, handle: ServerGoalHandle) -> AcquireView.Result:
        status = await self._follow(handle, GoalKind.ACQUIRE_VIEW)
        return AcquireView.Result(
            outcome=int(status.outcome),
            message=status.detail,
            view_score=float(self._score),
            frame_sequence=status.frame_sequence,
        )

    async def _sweep(self, handle: ServerGoalHandle) -> Sweep.Result:
        status = await self._follow(handle, GoalKind.SWEEP)
        return Sweep.Result(outcome=int(status.outcome), message=status.detail, length=float(self._station_m))
