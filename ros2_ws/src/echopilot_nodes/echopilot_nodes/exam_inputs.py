"""Inputs of the exam node: exam ticks of the robot, and the answers of the other nodes that belong to each of them."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from echopilot_msgs.msg import ControlStatus as ControlStatusMsg
from echopilot_msgs.msg import PerceptionResult as PerceptionResultMsg
from echopilot_msgs.msg import RobotState as RobotStateMsg
from echopilot_msgs.msg import SafetyState as SafetyStateMsg
from rclpy.node import Node

from echopilot_core import ControlStatus, PerceptionResult, RobotState, SafetyState, SteadyClock, to_ns
from echopilot_core.robot_interface import FUTURE_NS
from echopilot_core.timing import CONNECT_S, EXAM_TICKS, TICK_NS, LockstepBarrier, StampedBuffer
from echopilot_core.timing.ordering import Order, StreamOrder
from echopilot_nodes.bonds import ROBOT, Peers
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.clock import NodeClock
from echopilot_nodes.graph.inlet import Inlet
from echopilot_wire import from_result, from_robot_state, from_safety_state, from_status, peek_stamp

ROBOT_SILENT_S = 2.0  # wall time; counts outside lockstep alone, where nobody waits for a busy machine
PERCEPTION, CONTROLLER, SAFETY = "perception", "controller", "safety"


@dataclass(frozen=True)
class TickInputs:
    """Inputs of one exam tick; `results` are the perception results since the last one, oldest first."""

    now_ns: int
    robot: RobotState
    status: ControlStatus | None
    safety: SafetyState | None
    results: tuple[PerceptionResult, ...]


class ExamInputQueue:
    """Collects robot states, perception results, controller and safety states, and hands them out by exam tick.

    With `lockstep` no tick is left out, and each waits until all peers have answered it or are given up; without, only
    the newest tick counts.
    """

    def __init__(
        self,
        node: Node,
        lockstep: bool,
        peer_timeout_s: float,
        peers: Peers,
        on_input: Callable[[], None],
        on_restart: Callable[[], None],
    ) -> None:
        """`peers` watch the robot and the peers; `on_input` is called after each input, `on_restart` when the robot's
        time begins anew, queues emptied.
        """
        self._node = node
        self._lockstep = lockstep
        self._peers = peers
        self._barrier = LockstepBarrier(SteadyClock(), peer_timeout_s, CONNECT_S, peers)
        self._session = ""
        self._on_input = on_input
        self._on_restart = on_restart
        self._clock = NodeClock(node)
        self._wall = SteadyClock()
        self._inlets: list[Inlet[Any]] = []
        self.reset()

    def reset(self) -> None:
        """Start anew: at activation and when the simulation begins again with another patient."""
        self._barrier.forget()
        self._order = StreamOrder()
        self._result_data: StampedBuffer[bytes] = StampedBuffer(order=None if self._lockstep else StreamOrder())
        self._status_data: StampedBuffer[bytes] = StampedBuffer()
        self._safety_data: StampedBuffer[bytes] = StampedBuffer()
        self._status: ControlStatus | None = None
        self._safety: SafetyState | None = None
        self._waiting: deque[RobotState] = deque()  # exam ticks that are not computed yet, oldest first
        self.robot_tick = self.joined_tick = -1  # the newest, and the first of all where that is any
        self._robot_received_ns = self._wall.now_ns()
        self._clock.restart()

    def open(self) -> None:
        """Subscribe."""
        node, profile = self._node, qos.ANSWER_LOCKSTEP
        self._robots = Inlet(
            node, RobotStateMsg, topics.ROBOT_STATE, from_robot_state, qos.STATE_LOCKSTEP, on_data=self._on_robot
        )
        self._results = Inlet(
            node, PerceptionResultMsg, topics.PERCEPTION_RESULT, from_result, profile, on_data=self._on_result
        )
        self._statuses = Inlet(
            node, ControlStatusMsg, topics.CONTROL_STATUS, from_status, profile, on_data=self._on_status
        )
        self._safeties = Inlet(
            node,
            SafetyStateMsg,
            topics.SAFETY_STATE,
            from_safety_state,
            profile,
            on_data=self._on_safety,
            key=peek_stamp,
        )
        self._inlets = [self._robots, self._results, self._statuses, self._safeties]

    def close(self) -> None:
        """End the subscriptions."""
        for inlet in self._inlets:
            inlet.close()
        self._inlets = []

    def robot_loss(self) -> str:
        """Why no tick comes any more, so that the machine's own deadlines cannot end the exam; "" while ticks come."""
        if ROBOT in self._peers.lost():
            return "the robot's process ended"
        state = self._peers.state(ROBOT)
        waits = self._lockstep if state is None else state.lockstep
        silent = self._wall.now_ns() - self._robot_received_ns > to_ns(ROBOT_SILENT_S)
        return f"no robot state for {ROBOT_SILENT_S:g} s" if silent and not waits else ""

    def is_ready(self) -> bool:
        """True when an exam tick waits and nobody's answer to it is due any more."""
        return bool(self._waiting) and self._barrier.is_open()

    @property
    def breaks(self) -> dict[str, int]:
        """Ticks that were computed without a peer's answer, by peer, since the node started."""
        return dict(self._barrier.breaks)

    def absent_peers(self) -> tuple[str, ...]:
        """Names of nodes that were given up, sorted."""
        return tuple(sorted(self._barrier.absent()))

    def take(self) -> TickInputs:
        """Remove the oldest waiting tick with its inputs; call `expect_next` once it is computed."""
        robot, lockstep = self._waiting.popleft(), self._lockstep
        status = self._status_data.newest_until(robot.tick - 1 if lockstep else robot.tick, None)
        if status is not None:
            self._status = self._statuses.read(status) or self._status
        safety = self._safety_data.newest_until(robot.stamp_ns - TICK_NS if lockstep else robot.stamp_ns, None)
        if safety is not None:
            self._safety = self._safeties.read(safety) or self._safety
        read = map(self._results.read, self._result_data.take_until(robot.due_frame_sequence if lockstep else None))
        results = tuple(result for result in read if result is not None and self._is_of_now(result, robot))
        now_ns = robot.stamp_ns if lockstep else self._clock.now_ns()  # /clock may run ahead of the tick
        return TickInputs(now_ns, robot, self._status, self._safety, results)

    def _is_of_now(self, result: PerceptionResult, robot: RobotState) -> bool:
        if result.stamp_ns <= robot.stamp_ns + FUTURE_NS:
            return True
        self._results.refuse(f"frame {result.sequence} is of the future")
        return False

    def expect_next(self) -> None:
        """Wait for the answers to a tick that came while the last one was computed: no tick of the exam is left out."""
        if self._waiting:
            self._expect(self._waiting[0])

    def _expect(self, robot: RobotState, joins: bool = False) -> None:
        """Wait for the answers to the tick before; the first tick of all may be any, with nothing before it."""
        if joins or not self._lockstep:
            self._barrier.bound(CONTROLLER, robot.tick)
            self._barrier.bound(SAFETY, robot.stamp_ns, TICK_NS)
            return
        if robot.due_frame_sequence >= 0:
            self._barrier.expect(PERCEPTION, robot.due_frame_sequence)
        self._barrier.expect(CONTROLLER, robot.tick - 1)
        self._barrier.expect(SAFETY, robot.stamp_ns - TICK_NS, TICK_NS)

    def _on_result(self, sequence: int, data: bytes) -> None:
        self.look_at_bonds()
        self._accept(self._result_data, self._results, PERCEPTION, sequence, data)

    def _on_status(self, tick: int, data: bytes) -> None:
        self.look_at_bonds()
        self._accept(self._status_data, self._statuses, CONTROLLER, tick, data)

    def _on_safety(self, stamp_ns: int, data: bytes) -> None:
        self.look_at_bonds()
        self._accept(self._safety_data, self._safeties, SAFETY, stamp_ns, data)

    def _accept(self, buffer: StampedBuffer[bytes], inlet: Inlet[Any], peer: str, key: int, data: bytes) -> None:
        if buffer.put(key, data) and self._barrier.received(peer, key):
            self._on_input()
        else:
            inlet.refuse(f"{key} lies too far ahead")

    def _on_robot(self, tick: int, data: bytes) -> None:
        self._robot_received_ns = self._wall.now_ns()
        self.look_at_bonds()
        stamp_ns = peek_stamp(data)
        order = self._order.judge(tick, stamp_ns)
        if order is Order.REFUSED:
            self._robots.refuse(f"tick {tick} after {self._order.newest}")
            return
        if order is Order.REPEATS:
            return
        if order is Order.ANEW:
            self._restart()
            self._order.judge(tick, stamp_ns)
        joins = self.robot_tick < 0 and tick > EXAM_TICKS  # the controller may wait for a goal of before
        self.robot_tick = tick
        if joins:
            self.joined_tick = tick
        if tick % EXAM_TICKS == 0 or joins:
            robot = self._robots.read(data)
            if robot is None:
                return
            if not self._lockstep:
                self._waiting.clear()  # a late exam catches up with the newest tick
            self._waiting.append(robot)
            self._clock.note_tick(robot.stamp_ns)
            if len(self._waiting) == 1:
                self._expect(robot, joins)
        self._on_input()

    def look_at_bonds(self) -> None:
        """A robot source that says so begins at another tick, as for another patient."""
        self._peers.poll()
        state = self._peers.state(ROBOT)
        if state is not None and state.session != self._session:
            if self._session:
                self._restart()
            self._session = state.session

    def _restart(self) -> None:
        self.reset()
        self._on_restart()
