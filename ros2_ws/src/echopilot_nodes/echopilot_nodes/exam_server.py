"""Action exam/run and the operator's services of the exam node."""

from typing import Protocol

from echopilot_msgs.action import RunExam
from echopilot_msgs.msg import ExamState as ExamStateMsg
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from rclpy.task import Future
from std_srvs.srv import Trigger

from echopilot_core import EchoPilotError
from echopilot_exam.exam_run import ExamEnd
from echopilot_exam.machine.states import OperatorRequest
from echopilot_nodes.graph import topics

SERVICES = {
    topics.EXAM_STOP: OperatorRequest.STOP,
    topics.EXAM_RESUME: OperatorRequest.RESUME,
    topics.EXAM_SKIP: OperatorRequest.SKIP,
}


class ExamHost(Protocol):
    """The node that runs the exams of an ExamServer."""

    def can_begin(self) -> bool:
        """True while the node is active and no exam runs."""

    def begin(self, protocol: str, patient: str, folder: str) -> None:
        """Begin an exam; raises EchoPilotError for an unknown protocol or a folder that cannot be used."""

    def request(self, request: OperatorRequest) -> bool:
        """Pass a request to the running exam; False when none runs."""


class ExamServer:
    """Offers action and services on `node` for the exams of `host`."""

    def __init__(self, node: Node, host: ExamHost) -> None:
        self._host, self._log = host, node.get_logger()
        self._handle: ServerGoalHandle | None = None
        self._ended: Future | None = None
        self._server = ActionServer(
            node,
            RunExam,
            topics.EXAM_RUN,
            self._execute,
            goal_callback=self._accept_or_reject,
            cancel_callback=self._cancel,
        )
        for name, request in SERVICES.items():
            node.create_service(Trigger, name, lambda _, response, r=request: self._request(r, response))

    def send_feedback(self, state: bytes) -> None:
        """Send the bytes of an ExamState message to the client of a running action."""
        if self._handle is not None:
            self._handle.publish_feedback(RunExam.Feedback(state=deserialize_message(state, ExamStateMsg)))

    def finish(self, end: ExamEnd) -> None:
        """End a running action."""
        if self._ended is not None:
            self._ended.set_result(end)
        self._ended = self._handle = None

    def _accept_or_reject(self, request: RunExam.Goal) -> GoalResponse:
        if self._host.can_begin():
            return GoalResponse.ACCEPT
        self._log.error("goal refused: an exam is running, or this node is not active")
        return GoalResponse.REJECT

    def _cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        self._host.request(OperatorRequest.ABORT)
        return CancelResponse.ACCEPT

    async def _execute(self, handle: ServerGoalHandle) -> RunExam.Result:
        request = handle.request
        try:
            self._host.begin(request.protocol, request.patient_pseudonym, request.out_folder)
        except EchoPilotError as error:
            handle.abort()
            return RunExam.Result(success=False, message=str(error))
        self._handle, self._ended = handle, Future()
        end: ExamEnd = await self._ended
        if handle.is_cancel_requested:
            handle.canceled()
        elif end.success:
            handle.succeed()
        else:
            handle.abort()
        return RunExam.Result(success=end.success, message=end.message, record_folder=str(end.folder))

    def _request(self, request: OperatorRequest, response: Trigger.Response) -> Trigger.Response:
        if self._host.request(request):
            response.success, response.message = True, request.name.lower()
        else:
            response.success, response.message = False, "no exam is running"
        return response
