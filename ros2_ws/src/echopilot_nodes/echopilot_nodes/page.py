"""Node `page`: the operator's page beside the running graph; it listens, and passes on what a person asks for."""

import base64
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from echopilot_msgs.msg import BodyLandmarks as BodyLandmarksMsg
from echopilot_msgs.msg import ControlStatus as ControlStatusMsg
from echopilot_msgs.msg import ExamState as ExamStateMsg
from echopilot_msgs.msg import Finding as FindingMsg
from echopilot_msgs.msg import Measurement as MeasurementMsg
from echopilot_msgs.msg import PerceptionResult, UltrasoundFrame
from echopilot_msgs.msg import RobotState as RobotStateMsg
from echopilot_msgs.msg import SafetyState as SafetyStateMsg
from rclpy.node import Node
from std_msgs.msg import String

from echopilot_core import ControlStatus, EchoPilotError, RobotState, SafetyState
from echopilot_exam.protocol import Protocol, load_protocol, protocol_names
from echopilot_nodes import conversions as conv
from echopilot_nodes import names, qos
from echopilot_nodes.clock import wall_clock
from echopilot_nodes.conversions.page import from_exam_state
from echopilot_nodes.page_address import open_entrance
from echopilot_nodes.page_graph import PageGraph
from echopilot_nodes.page_pictures import KEEP_STATES, PagePictures
from echopilot_nodes.page_plan import fits, plan_of, plan_text
from echopilot_nodes.page_polled import GateGroup, drained
from echopilot_nodes.page_rates import Rate
from echopilot_nodes.params import PageParams, read_params
from echopilot_nodes.process import run
from echopilot_report.page import live
from echopilot_report.page.app import create_app
from echopilot_report.page.foxglove_live import FoxgloveLive
from echopilot_report.page.hub import Hub
from echopilot_report.page.server import PageServer
from echopilot_report.page.texts import log_line, message
from echopilot_report.page.torso import Chart, Coverage, chart_of, landmarks_on, pose_on

LOOK_S = 0.1
START_S = 20.0
SKIP_MEASUREMENTS = frozenset({"aorta_outer_ap"})  # one per station of a sweep: for the report
SLOW_LOOKS = 10


class Page(Node):
    """Looks at the newest states ten times a second; pictures wake it up only while they are watched or kept."""

    exam: live.ExamNow | None = None
    safety: SafetyState | None = None
    robot: RobotState | None = None

    def __init__(self) -> None:
        super().__init__("page")
        params = read_params(self, PageParams)
        entrance = open_entrance(params)
        self._hub, self._pictures, self._coverage = Hub(), PagePictures(), Coverage()
        self._protocols = [load_protocol(name) for name in protocol_names()]
        self._control: ControlStatus | None = None
        self._chart: Chart | None = None
        self._plan: Protocol | None = None
        self._peak_n = math.nan
        self._robot_s = math.nan
        self._looks = 0
        self._frames_per_s, self._time_factor = Rate(), Rate()
        self._coverage_changed = False
        self._subscribe()
        graph = PageGraph(self, self)
        app = create_app(self._hub, graph, entrance.hashes, entrance.address, protocol_names())
        certificate, key = (Path(p) if p else None for p in (params.certificate, params.key))
        self._server = PageServer(app, entrance.listening, certificate, key)
        if not self._hub.wait_bound(START_S):
            raise EchoPilotError("the page's server did not start; look at its lines above, and at certificate and key")
        self._foxglove = FoxgloveLive(params.foxglove_port) if params.foxglove_port else None
        print(entrance.notice, flush=True)

    def _subscribe(self) -> None:
        never, self._picture_gate = GateGroup(), GateGroup()
        subscribe = self.create_subscription
        self._polled = {
            name: subscribe(kind, name, print, qos.STATE, callback_group=never)
            for kind, name in (
                (RobotStateMsg, names.ROBOT_STATE),
                (ControlStatusMsg, names.CONTROL_STATUS),
                (SafetyStateMsg, names.SAFETY_STATE),
                (ExamStateMsg, names.EXAM_STATE),
            )
        }
        raw: dict[str, Any] = {"callback_group": self._picture_gate, "raw": True}
        for kind, name, hear, profile, options in (
            (UltrasoundFrame, names.PROBE_FRAME, self._on_frame, qos.FRAMES_NEWEST, raw),
            (PerceptionResult, names.PERCEPTION_RESULT, self._on_result, qos.STATE, raw),
            (BodyLandmarksMsg, names.BODY_LANDMARKS, self._on_landmarks, qos.LATCHED, {}),
            (MeasurementMsg, names.EXAM_MEASUREMENTS, self._on_measurement, qos.EVENTS, {}),
            (FindingMsg, names.EXAM_FINDINGS, self._on_finding, qos.EVENTS, {}),
            (String, names.EXAM_REPORT, self._on_report, qos.LATCHED, {}),
        ):
            subscribe(kind, name, self._guarded(hear), profile, **options)
        self.create_timer(LOOK_S, self._look, clock=wall_clock())

    def _guarded(self, hear: Callable[[Any], None]) -> Callable[[Any], None]:
        """A message that is wrong is said, and does not end the page."""

        def guarded(message_: Any) -> None:
            try:
                hear(message_)
            except ValueError as error:
                self.get_logger().error(f"message refused: {error}", throttle_duration_sec=1.0)

        return guarded

    def close(self) -> None:
        """End the servers."""
        self._server.close()
        if self._foxglove is not None:
            self._foxglove.close()

    # Pictures

    def _on_frame(self, raw: bytes) -> None:
        self._show(self._pictures.frame(raw, self._is_watched))

    def _on_result(self, raw: bytes) -> None:
        self._show(self._pictures.result(raw, self._is_watched, self._is_kept))

    def _show(self, picture: bytes | None) -> None:
        if picture is not None:
            self._hub.put_frame(picture)
            if self._foxglove is not None:
                self._foxglove.picture(picture)

    @property
    def _is_watched(self) -> bool:
        return self._hub.is_watched or self._foxglove is not None

    @property
    def _is_kept(self) -> bool:
        return self.exam is not None and self.exam.state in KEEP_STATES

    # Events

    def _on_landmarks(self, message_: BodyLandmarksMsg) -> None:
        landmarks = conv.from_landmarks(message_)
        self._chart = chart_of(landmarks)
        if self._chart is not None:
            self._hub.put_newest("body", message("body", **landmarks_on(self._chart, landmarks)))

    def _on_measurement(self, message_: MeasurementMsg) -> None:
        if message_.name not in SKIP_MEASUREMENTS:
            self._hub.put_event(live.measurement_text(conv.from_measurement(message_)))

    def _on_finding(self, message_: FindingMsg) -> None:
        self._hub.put_event(live.finding_text(conv.from_finding(message_)))

    def _on_report(self, message_: String) -> None:
        self._hub.put_event(log_line(f"report is ready: {message_.data}", "good"))

    # Looks

    def _look(self) -> None:
        self._looks += 1
        self._guarded(self._take)(time.monotonic())
        self._picture_gate.is_open = self._is_watched or self._is_kept
        pose = None
        if self.robot is not None and self._chart is not None:
            pose = pose_on(self._chart, self.robot.T_base_probe)
            at_m = self._chart.at(self.robot.T_base_probe[:3, 3])
            if self._coverage.add(at_m, self.robot.contact_force_n, self._pictures.quality):
                self._coverage_changed = True
        if self._coverage_changed and self._looks % SLOW_LOOKS == 0:
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
            frozen=self._pictures.frozen,
            pose=pose,
        )
        text = live.state_text(now)
        self._hub.put_newest("state", text)
        if self._foxglove is not None:
            self._foxglove.state(text)

    def _take(self, now_s: float) -> None:
        robots = [conv.from_robot_state(m) for m in drained(self._polled[names.ROBOT_STATE])]
        if robots:
            self.robot, self._robot_s = robots[-1], now_s
            self._peak_n = max(r.contact_force_n for r in robots)
            self._time_factor.add(robots[-1].stamp_ns * 1e-9, now_s)
        for status in drained(self._polled[names.CONTROL_STATUS])[-1:]:
            self._control = conv.from_status(status)
            self._frames_per_s.add(self._control.frame_sequence, now_s)
        for state in drained(self._polled[names.SAFETY_STATE])[-1:]:
            safety = conv.from_safety_state(state)
            self._tell(live.safety_news(self.safety, safety))
            self.safety = safety
        for state in drained(self._polled[names.EXAM_STATE]):
            self._hear_exam(from_exam_state(state))

    def _hear_exam(self, exam: live.ExamNow) -> None:
        before = self.exam
        if exam.active and (before is None or not before.active):
            self._hub.forget_events()
            self._hub.put_event(message("new_exam"))
            self._coverage.clear()
            self._coverage_changed = True
            self._plan = None
        self._tell(live.news(before, exam))
        self.exam = exam
        if exam.active and exam.steps_total > 0 and (self._plan is None or not fits(self._plan, exam)):
            self._plan = plan_of(self._protocols, exam)
            self._hub.put_newest("plan", plan_text(self._plan))
        known = len(before.results) if before is not None else 0
        for done in exam.results[known if known <= len(exam.results) else 0 :]:
            picture = self._pictures.near(done.frame_sequence)
            packed = "" if picture is None else base64.b64encode(picture).decode()
            self._hub.put_event(live.shot_text(done, packed))

    def _tell(self, lines: list[str]) -> None:
        for line in lines:
            self._hub.put_event(line)


def main() -> None:
    """Run the node until a signal comes."""
    run(Page)


if __name__ == "__main__":
    main()
