"""Requests of the operator's page carried out over ROS: service calls and the exam action, from the server's loop."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from echopilot_msgs.action import RunExam
from echopilot_msgs.srv import ResetSafety
from rclpy.action import ActionClient
from rclpy.node import Node
from std_srvs.srv import Trigger
from ultrasound_msgs.srv import Freeze

from echopilot_core import ExamStatus, RobotState, SafetyMode, SafetyState
from echopilot_core.robot import CONTACT_N
from echopilot_exam.machine.states import WAITING_FOR_OPERATOR
from echopilot_nodes.graph import topics
from echopilot_nodes.operator.polled_topics import GateGroup
from echopilot_nodes.operator.service_calls import called, settled, stop_by_services
from echopilot_report.page.access.roles import Action
from echopilot_report.page.graph import PageRequest, RequestResult

ACCEPT_S = 10.0
POLL_S = 0.1
TRIES = 15  # polls until a reset or a resume must have taken effect
LIFT_TRIES = 40  # a simulation may run slower than time
LATCHED = (SafetyMode.RETRACT, SafetyMode.STOPPED)


class NewestStates(Protocol):
    """Newest received states; None before the first message."""

    exam: ExamStatus | None
    safety: SafetyState | None
    robot: RobotState | None
    record_folder: Path | None
    report: Path | None


class PageGraph:
    """`echopilot_report.page.graph.Graph` over ROS; STOP is sent without waiting."""

    def __init__(self, node: Node, states: NewestStates) -> None:
        self._states = states
        self._clients = {
            name: node.create_client(kind, name)
            for kind, name in (
                (Trigger, topics.SAFETY_STOP),
                (Trigger, topics.EXAM_STOP),
                (Trigger, topics.EXAM_RESUME),
                (Trigger, topics.EXAM_SKIP),
                (Freeze, topics.FREEZE),
                (ResetSafety, topics.RESET_SAFETY),
                (ResetSafety, topics.SAFETY_LIFT_OFF),
            )
        }
        self._gate = GateGroup()  # feedback of a running exam is ignored
        self._exam = ActionClient(node, RunExam, topics.EXAM_RUN, callback_group=self._gate)
        self._is_frozen = False

    @property
    def is_stopped(self) -> bool | None:
        """Whether safety is latched or the exam waits for an operator; None before either was heard."""
        safety, exam = self._states.safety, self._states.exam
        if safety is None and exam is None:
            return None
        latched = safety is not None and safety.mode in LATCHED
        return latched or (exam is not None and exam.active and exam.phase in WAITING_FOR_OPERATOR)

    @property
    def record_folder(self) -> Path | None:
        """Folder of the running exam's record, if it is on this machine."""
        folder, exam = self._states.record_folder, self._states.exam
        is_running = exam is not None and exam.active
        return folder if is_running and folder is not None and folder.is_dir() else None

    @property
    def report(self) -> Path | None:
        """File of the report that was made last."""
        return self._states.report

    async def ask(self, request: PageRequest) -> RequestResult:
        """Carry out a request, or give the reason why not."""
        match request.action:
            case Action.STOP:
                return await stop_by_services(self._call)
            case Action.PAUSE:
                return await self._trigger(topics.EXAM_STOP, "the probe leaves the skin, the exam waits")
            case Action.SKIP:
                return await self._trigger(topics.EXAM_SKIP, "continues with the next step")
            case Action.LIFT_OFF:
                return await self._lift_off(request.by)
            case Action.RESUME:
                return await self._resume(request.by)
            case Action.FREEZE | Action.UNFREEZE:
                return await self._freeze(request.action is Action.FREEZE)
            case Action.START:
                return await self._start(request)

    async def _trigger(self, name: str, done: str) -> RequestResult:
        response = await self._call(name, Trigger.Request())
        if response is None:
            return RequestResult(False, "the exam does not answer")
        return RequestResult(True, done) if response.success else RequestResult(False, response.message)

    async def _lift_off(self, by: str) -> RequestResult:
        """After a latched stop, safety lifts the probe off the patient; waits until the force confirms it."""
        response = await self._call(topics.SAFETY_LIFT_OFF, ResetSafety.Request(operator_name=by))
        if response is None or not response.success:
            return RequestResult(False, "safety does not answer" if response is None else response.message)
        if await _shows(lambda: self._is_off_patient, LIFT_TRIES):
            return RequestResult(True, "the probe is off the skin: resume when all is clear")
        return RequestResult(False, "the probe is not off the skin: take it off by hand")

    @property
    def _is_off_patient(self) -> bool:
        """Whether the contact force is low enough for a reset of safety."""
        return self._states.robot is not None and self._states.robot.contact_force_n < CONTACT_N

    async def _resume(self, by: str) -> RequestResult:
        """Unfreeze, clear a latched stop, then resume; waits until each has taken effect."""
        if self._is_frozen:
            await self._freeze(False)
        safety, robot = self._states.safety, self._states.robot
        if safety is not None and safety.mode in LATCHED:
            if robot is not None and robot.contact_force_n >= CONTACT_N:
                return RequestResult(
                    False, f"the probe still presses with {robot.contact_force_n:.1f} N: lift it off first"
                )
            await self._call(topics.RESET_SAFETY, ResetSafety.Request(operator_name=by))
            if not await _shows(lambda: self._states.safety is not None and self._states.safety.mode not in LATCHED):
                safety = self._states.safety or safety
                return RequestResult(False, f"safety does not reset: {', '.join(safety.reasons)}")
            if self._states.exam is None or not self._states.exam.active:
                return RequestResult(True, "safety is reset; no exam is running")
        if (
            self._states.exam is not None
            and self._states.exam.active
            and self._states.exam.phase not in WAITING_FOR_OPERATOR
        ):
            return RequestResult(False, "the exam is not stopped")
        for _ in range(2):  # a request before the exam has received the reset is lost
            answer = await self._trigger(topics.EXAM_RESUME, "the exam resumes")
            if not answer.done or await _shows(
                lambda: self._states.exam is not None and self._states.exam.phase not in WAITING_FOR_OPERATOR
            ):
                return answer
        return RequestResult(False, "the exam does not resume")

    async def _freeze(self, frozen: bool) -> RequestResult:
        exam = self._states.exam
        if frozen and exam is not None and exam.active and exam.phase not in WAITING_FOR_OPERATOR:
            return RequestResult(False, "the exam uses the live image: pause it first")
        response = await self._call(topics.FREEZE, Freeze.Request(frozen=frozen))
        if response is None or not response.success:
            return RequestResult(False, "the scanner does not answer" if response is None else response.message)
        self._is_frozen = frozen
        return RequestResult(True, "the image is frozen" if frozen else "the image is live")

    async def _start(self, request: PageRequest) -> RequestResult:
        if self._states.exam is not None and self._states.exam.active:
            return RequestResult(False, "an exam is running already")
        if self._states.safety is not None and self._states.safety.mode in LATCHED:
            return RequestResult(False, f"safety is stopped: {', '.join(self._states.safety.reasons)}; resume first")
        if not self._exam.server_is_ready():
            return RequestResult(False, "the exam does not answer")
        if self._is_frozen:
            await self._freeze(False)
        goal = RunExam.Goal(protocol=request.protocol, patient_pseudonym=request.patient)
        self._gate.is_open = True
        try:
            handle = await settled(self._exam.send_goal_async(goal), ACCEPT_S)
        finally:
            self._gate.is_open = False
        if handle is None:
            return RequestResult(False, "the exam does not answer")
        if not handle.accepted:
            return RequestResult(False, "the exam refused to start")
        return RequestResult(True, f"exam {request.protocol}")

    async def _call(self, name: str, request: Any) -> Any:
        """The service's response, or None when nobody answers in time."""
        return await called(self._clients[name], request)


async def _shows(condition: Callable[[], bool], tries: int = TRIES) -> bool:
    """True as soon as the condition holds; False when it does not in `tries` polls."""
    for _ in range(tries):
        await asyncio.sleep(POLL_S)
        if condition():
            return True
    return False
