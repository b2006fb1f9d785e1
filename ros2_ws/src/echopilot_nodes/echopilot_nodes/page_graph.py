"""Carries out what somebody asks for on the page: service calls and the exam's action, from the server's loop."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Protocol

from echopilot_msgs.action import RunExam
from echopilot_msgs.srv import Freeze, ResetSafety
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import Trigger

from echopilot_core import RobotState, SafetyMode, SafetyState
from echopilot_nodes import names
from echopilot_nodes.page_polled import GateGroup
from echopilot_report.page.graph import Answer, Wish
from echopilot_report.page.live import ExamNow
from echopilot_report.page.roles import Action

ANSWER_S = 2.0
ACCEPT_S = 10.0
LOOK_S = 0.1
TRIES = 15  # looks until a reset or a resume must have shown
LIFT_TRIES = 40  # a simulation may run slower than time
FREE_N = 1.0  # safety resets nothing while the probe presses more than this
LATCHED = (SafetyMode.RETRACT, SafetyMode.STOPPED)
WAITING = ("OPERATOR_STOPPED", "SAFETY_STOPPED")


class Seen(Protocol):
    """The newest of what the node has heard."""

    exam: ExamNow | None
    safety: SafetyState | None
    robot: RobotState | None


class PageGraph:
    """`echopilot_report.page.graph.Graph` over ROS; STOP waits for nothing before it leaves."""

    def __init__(self, node: Node, seen: Seen) -> None:
        self._seen = seen
        self._clients = {
            name: node.create_client(kind, name)
            for kind, name in (
                (Trigger, names.SAFETY_STOP),
                (Trigger, names.EXAM_STOP),
                (Trigger, names.EXAM_RESUME),
                (Trigger, names.EXAM_SKIP),
                (Freeze, names.FREEZE),
                (ResetSafety, names.RESET_SAFETY),
                (ResetSafety, names.SAFETY_LIFT_OFF),
            )
        }
        self._gate = GateGroup()  # feedback of a running exam is not listened to
        self._exam = ActionClient(node, RunExam, names.EXAM_RUN, callback_group=self._gate)
        self._is_frozen = False

    async def ask(self, wish: Wish) -> Answer:
        """Carry out a wish, or say why not."""
        match wish.action:
            case Action.STOP:
                return await self._stop()
            case Action.PAUSE:
                return await self._trigger(names.EXAM_STOP, "the probe leaves the skin, the exam waits")
            case Action.SKIP:
                return await self._trigger(names.EXAM_SKIP, "goes on to the next step")
            case Action.LIFT_OFF:
                return await self._lift_off(wish.by)
            case Action.RESUME:
                return await self._resume(wish.by)
            case Action.FREEZE | Action.UNFREEZE:
                return await self._freeze(wish.action is Action.FREEZE)
            case Action.START:
                return await self._start(wish)

    async def _stop(self) -> Answer:
        """Safety stops everything; the exam is told too, in case safety does not answer."""
        safety, exam = await asyncio.gather(
            self._call(names.SAFETY_STOP, Trigger.Request()), self._call(names.EXAM_STOP, Trigger.Request())
        )
        if safety is not None and safety.success:
            return Answer(True, "stopped until an operator resumes")
        rest = "; the exam lifts the probe off" if exam is not None and exam.success else ""
        return Answer(False, f"safety does not answer{rest}: use the emergency stop")

    async def _trigger(self, name: str, done: str) -> Answer:
        response = await self._call(name, Trigger.Request())
        if response is None:
            return Answer(False, "the exam does not answer")
        return Answer(True, done) if response.success else Answer(False, response.message)

    async def _lift_off(self, by: str) -> Answer:
        """After a latched stop, safety takes the probe off the patient; waited for until the force shows it."""
        response = await self._call(names.SAFETY_LIFT_OFF, ResetSafety.Request(operator_name=by))
        if response is None or not response.success:
            return Answer(False, "safety does not answer" if response is None else response.message)
        if await _shows(lambda: self._seen.robot is not None and self._seen.robot.contact_force_n < FREE_N, LIFT_TRIES):
            return Answer(True, "the probe is off the skin: resume when all is clear")
        return Answer(False, "the probe is not off the skin: take it off by hand")

    async def _resume(self, by: str) -> Answer:
        """Unfreeze, clear a latched stop, then go on; each is waited for until it shows."""
        if self._is_frozen:
            await self._freeze(False)
        safety, robot = self._seen.safety, self._seen.robot
        if safety is not None and safety.mode in LATCHED:
            if robot is not None and robot.contact_force_n >= FREE_N:
                return Answer(False, f"the probe still presses with {robot.contact_force_n:.1f} N: lift it off first")
            await self._call(names.RESET_SAFETY, ResetSafety.Request(operator_name=by))
            if not await _shows(lambda: self._seen.safety is not None and self._seen.safety.mode not in LATCHED):
                return Answer(False, f"safety does not reset: {', '.join(self._seen.safety.reasons)}")  # type: ignore[union-attr]
            if self._seen.exam is None or not self._seen.exam.active:
                return Answer(True, "safety is reset; no exam is running")
        if self._seen.exam is not None and self._seen.exam.active and self._seen.exam.state not in WAITING:
            return Answer(False, "the exam is not stopped")
        for _ in range(2):  # one that comes before the exam has heard of the reset is lost
            answer = await self._trigger(names.EXAM_RESUME, "the exam goes on")
            if not answer.done or await _shows(
                lambda: self._seen.exam is not None and self._seen.exam.state not in WAITING
            ):
                return answer
        return Answer(False, "the exam does not go on")

    async def _freeze(self, frozen: bool) -> Answer:
        exam = self._seen.exam
        if frozen and exam is not None and exam.active and exam.state not in WAITING:
            return Answer(False, "the exam steers by the live picture: pause it first")
        response = await self._call(names.FREEZE, Freeze.Request(frozen=frozen))
        if response is None or not response.success:
            return Answer(False, "the scanner does not answer" if response is None else response.message)
        self._is_frozen = frozen
        return Answer(True, "the picture is frozen" if frozen else "the picture is live")

    async def _start(self, wish: Wish) -> Answer:
        if self._seen.exam is not None and self._seen.exam.active:
            return Answer(False, "an exam is running already")
        if self._seen.safety is not None and self._seen.safety.mode in LATCHED:
            return Answer(False, f"safety is stopped: {', '.join(self._seen.safety.reasons)}; resume first")
        if not self._exam.server_is_ready():
            return Answer(False, "the exam does not answer")
        if self._is_frozen:
            await self._freeze(False)
        goal = RunExam.Goal(protocol=wish.protocol, patient_pseudonym=wish.patient)
        self._gate.is_open = True
        try:
            handle = await _settled(self._exam.send_goal_async(goal), ACCEPT_S)
        finally:
            self._gate.is_open = False
        if handle is None:
            return Answer(False, "the exam does not answer")
        return Answer(True, f"exam {wish.protocol}") if handle.accepted else Answer(False, "the exam refused to start")

    async def _call(self, name: str, request: Any) -> Any:
        """The service's response, or None when nobody answers in time."""
        client = self._clients[name]
        if not client.service_is_ready():
            return None
        future = client.call_async(request)
        response = await _settled(future, ANSWER_S)
        if response is None:
            client.remove_pending_request(future)
        return response


async def _settled(future: Future, timeout_s: float) -> Any:
    """Result of an rclpy future, awaited in this loop; None when it takes longer."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[Any] = loop.create_future()

    def settle() -> None:
        if not result.done():
            result.set_result(future.result())

    def tell(_: Future) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has been closed
            loop.call_soon_threadsafe(settle)

    future.add_done_callback(tell)
    try:
        return await asyncio.wait_for(result, timeout_s)
    except asyncio.TimeoutError:
        return None


async def _shows(condition: Callable[[], bool], tries: int = TRIES) -> bool:
    """True as soon as the condition holds at a look; False when it does not in `tries` of them."""
    for _ in range(tries):
        await asyncio.sleep(LOOK_S)
        if condition():
            return True
    return False
