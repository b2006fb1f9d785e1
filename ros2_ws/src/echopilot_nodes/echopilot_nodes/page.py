"""Node `page`: the operator's page; it forwards states of the graph to the page and requests to the graph."""

import base64
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from echopilot_msgs.msg import BodyLandmarks as BodyLandmarksMsg
from echopilot_msgs.msg import ControlStatus as ControlStatusMsg
from echopilot_msgs.msg import ExamState as ExamStateMsg
from echopilot_msgs.msg import Finding as FindingMsg
from echopilot_msgs.msg import Measurement as MeasurementMsg
from echopilot_msgs.msg import PerceptionResult as PerceptionResultMsg
from echopilot_msgs.msg import RobotState as RobotStateMsg
from echopilot_msgs.msg import SafetyState as SafetyStateMsg
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import String
from ultrasound_msgs.msg import UltrasoundFrame

from echopilot_core import (
    BodyLandmarks,
    ControlStatus,
    EchoPilotError,
    ExamStatus,
    Finding,
    Measurement,
    MeasurementName,
    RobotState,
    SafetyState,
)
from echopilot_exam.protocol.protocol import load_protocol, protocol_names
from echopilot_nodes.bonds import Bond
from echopilot_nodes.diagnostics.health import Health
from echopilot_nodes.diagnostics.publisher import Diagnostics
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.clock import wall_clock
from echopilot_nodes.graph.inlet import Inlet
from echopilot_nodes.graph.params import PageParams, read_params
from echopilot_nodes.graph.process import run
from echopilot_nodes.operator import page_gate
from echopilot_nodes.operator.page_images import KEEP_STATES, PageImages
from echopilot_nodes.operator.page_requests import PageGraph
from echopilot_nodes.operator.polled_topics import GateGroup, drained
from echopilot_report.page.access.entrance import open_entrance
from echopilot_report.page.app import create_app
from echopilot_report.page.live import state as live
from echopilot_report.page.live.foxglove_server import FoxgloveLive
from echopilot_report.page.live.hub import Hub
from echopilot_report.page.live.messages import log_line, message
from echopilot_report.page.live.rates import SlopeEstimator
from echopilot_report.page.live.torso import Chart, Coverage, chart_of, landmarks_on, pose_on
from echopilot_report.page.server import PageServer
from echopilot_wire import (
    Message,
    from_exam_state,
    from_finding,
    from_frame,
    from_landmarks,
    from_measurement,
    from_result,
    from_robot_state,
    from_safety_state,
    from_status,
)

T = TypeVar("T")

UPDATE_S = 0.1
START_S = 20.0
SKIP_MEASUREMENTS = frozenset({MeasurementName.AORTA_OUTER_AP})  # one per station of a sweep: for the report
SLOW_UPDATES = 10


class Page(Node):
    """Polls the newest states at 10 Hz; receives images only while a page is open or an exam keeps them."""

    exam: ExamStatus | None = None
    safety: SafetyState | None = None
    robot: RobotState | None = None
    record_folder: Path | None = None
    report: Path | None = None

    def __init__(self) -> None:
        super().__init__("page")
        params = read_params(self, PageParams)
        self._bond = Bond(self.get_namespace(), self.get_name())
        entrance = open_entrance(
            params.host, params.port, params.passwords, params.certificate, params.key, params.names
        )
        self._hub, self._coverage = Hub(), Coverage()
        self._protocols = {p.sha256: p for p in map(load_protocol, protocol_names())}
        self._control: ControlStatus | None = None
        self._chart: Chart | None = None
        self._plan_sent = False
        self._peak_n = math.nan
        self._robot_s = math.nan
        self._updates = 0
        self._frames_per_s, self._time_factor = SlopeEstimator(), SlopeEstimator()
        self._coverage_changed = False
        self._subscribe()
        graph = PageGraph(self, self)
        audit = Path(params.audit) if params.audit else None
        app = create_app(self._hub, graph, entrance.hashes, entrance.address, protocol_names(), audit=audit)
        certificate, key = (Path(p) if p else None for p in (params.certificate, params.key))
        self._server = PageServer(app, entrance.listening, certificate, key, page_gate.command(self.get_namespace()))
        if not self._hub.wait_bound(START_S) or not self._server.wait_open(START_S):
            raise EchoPilotError("the page's server did not start; look at its lines above")
        self._foxglove = FoxgloveLive(params.foxglove_port) if params.foxglove_port else None
        self._diagnostics = Diagnostics(self, self._health)
        print(entrance.notice, flush=True)

    def _subscribe(self) -> None:
        never, self._image_gate = GateGroup(), GateGroup()

        def polled(kind: Any, name: str, convert: Callable[[Message], T]) -> Inlet[T]:
            return Inlet(self, kind, name, convert, qos.STATE, callback_group=never)

        self._robots = polled(RobotStateMsg, topics.ROBOT_STATE, from_robot_state)
        self._statuses = polled(ControlStatusMsg, topics.CONTROL_STATUS, from_status)
        self._safeties = polled(SafetyStateMsg, topics.SAFETY_STATE, from_safety_state)
        self._exams = polled(ExamStateMsg, topics.EXAM_STATE, from_exam_state)
        watched: dict[str, Any] = {"callback_group": self._image_gate}
        frames = Inlet(
            self, UltrasoundFrame, topics.PROBE_FRAME, from_frame, qos.FRAMES_NEWEST, on_data=self._on_frame, **watched
        )
        results = Inlet(
            self,
            PerceptionResultMsg,
            topics.PERCEPTION_RESULT,
            from_result,
            qos.STATE,
            on_data=self._on_result,
            **watched,
        )
        self._images = PageImages(frames, results)
        Inlet(self, BodyLandmarksMsg, topics.BODY_LANDMARKS, from_landmarks, qos.LATCHED, self._on_landmarks)
        Inlet(self, MeasurementMsg, topics.EXAM_MEASUREMENTS, from_measurement, qos.EVENTS, self._on_measurement)
        Inlet(self, FindingMsg, topics.EXAM_FINDINGS, from_finding, qos.EVENTS, self._on_finding)
        self.create_subscription(String, topics.EXAM_REPORT, self._on_report, qos.LATCHED)
        self.create_subscription(String, topics.EXAM_FOLDER, self._on_folder, qos.LATCHED)
        self.create_timer(UPDATE_S, self._update, clock=wall_clock())

    def close(self) -> None:
        """End the servers and say goodbye."""
        self._server.close()
        self._bond.close()
        if self._foxglove is not None:
            self._foxglove.close()

    def _health(self) -> Health:
        watched = "a page is open" if self._hub.is_watched else "nobody watches"
        return Health(watched, values={"images [Hz]": self._frames_per_s.value})

    # Images

    def _on_frame(self, _: int, data: bytes) -> None:
        self._show(self._images.frame(data, self._is_watched))

    def _on_result(self, _: int, data: bytes) -> None:
        self._show(self._images.result(data, self._is_watched, self._is_kept))

    def _show(self, image: bytes | None) -> None:
        if image is not None:
            self._hub.put_frame(image)
            if self._foxglove is not None:
                self._foxglove.image(image)

    @property
    def _is_watched(self) -> bool:
        return self._hub.is_watched or self._foxglove is not None

    @property
    def _is_kept(self) -> bool:
        return self.exam is not None and self.exam.phase in KEEP_STATES

    # Events

    def _on_landmarks(self, landmarks: BodyLandmarks) -> None:
        self._chart = chart_of(landmarks)
        if self._chart is not None:
            self._hub.put_newest("body", message("body", **landmarks_on(self._chart, landmarks)))

    def _on_measurement(self, measurement: Measurement) -> None:
        if measurement.name not in SKIP_MEASUREMENTS:
            self._hub.put_event(live.measurement_message(measurement))

    def _on_finding(self, finding: Finding) -> None:
        self._hub.put_event(live.finding_message(finding))

    def _on_folder(self, message_: String) -> None:
        self.record_folder = Path(message_.data)

    def _on_report(self, message_: String) -> None:
        self.report = Path(message_.data)
        self._hub.put_event(message("report", name=self.report.parent.name))
        self._hub.put_log(log_line(f"report is ready: {message_.data}", "good"))

    # Polling

    def _update(self) -> None:
        self._updates += 1
        self._take(time.monotonic())
        self._image_gate.is_open = self._is_watched or self._is_kept
        pose = None
        if self.robot is not None and self._chart is not None:
            pose = pose_on(self._chart, self.robot.T_base_probe)
            at_m = self._chart.at(self.robot.T_base_probe[:3, 3])
            if self._coverage.add(at_m, self.robot.contact_force_n, self._images.quality):
                self._coverage_changed = True
        if self._coverage_changed and self._updates % SLOW_UPDATES == 0:
            self._coverage_changed = False
            self._hub.put_newest("coverage", message("coverage", cells=self._coverage.cells()))
        now = live.Now(
            exam=self.exam,
            control=self._control,
            safety=self.safety,
            robot=self.robot,
            peak_force_n=self._peak_n,
            robot_age_s=time.monotonic() - self._robot_s,
            frames_per_s=self._frames_per_s.value,
            time_factor=self._time_factor.value,
            frozen=self._images.frozen,
            pose=pose,
        )
        text = live.state_message(now)
        self._hub.put_newest("state", text)
        if self._foxglove is not None:
            self._foxglove.state(text)

    def _take(self, now_s: float) -> None:
        robots = drained(self._robots)
        if robots:
            self.robot, self._robot_s = robots[-1], now_s
            self._peak_n = max(r.contact_force_n for r in robots)
            self._time_factor.add(robots[-1].stamp_ns * 1e-9, now_s)
        for status in drained(self._statuses, newest=1):
            self._control = status
            self._frames_per_s.add(status.frame_sequence, now_s)
        for safety in drained(self._safeties, newest=1):
            self._send_lines(live.safety_news(self.safety, safety))
            self.safety = safety
        for exam in drained(self._exams):
            self._hear_exam(exam)

    def _hear_exam(self, exam: ExamStatus) -> None:
        before = self.exam
        if exam.active and (before is None or not before.active):
            self._hub.forget_events()
            self._hub.put_event(message("new_exam"))
            self._coverage.clear()
            self._coverage_changed = True
            self._plan_sent = False
        self._send_lines(live.news(before, exam))
        self.exam = exam
        if exam.active and exam.protocol_sha256 and not self._plan_sent:
            self._plan_sent = True
            plan = self._protocols.get(exam.protocol_sha256)
            steps = () if plan is None else [(step.view, step.kind.value) for step in plan.steps]
            self._hub.put_newest("plan", live.plan_message("" if plan is None else plan.title, steps))
        known = len(before.results) if before is not None else 0
        for done in exam.results[known if known <= len(exam.results) else 0 :]:
            image = self._images.near(done.frame_sequence)
            packed = "" if image is None else base64.b64encode(image).decode()
            self._hub.put_event(live.shot_message(done, packed))

    def _send_lines(self, lines: list[str]) -> None:
        for line in lines:
            self._hub.put_log(line)


def main() -> None:
    """Run the node until a signal comes."""
    run(Page, executor_of_node=SingleThreadedExecutor)  # the events executor ignores callback groups


if __name__ == "__main__":
    main()
