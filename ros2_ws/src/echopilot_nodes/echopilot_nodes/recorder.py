"""Node `recorder`: the graph's topics into exam.mcap of the running exam, for ROS 2 tools, rosbags and Foxglove."""

import time
from pathlib import Path
from typing import Any

import yaml
from echopilot_msgs.msg import (
    BodyLandmarks,
    ControlStatus,
    ExamState,
    Finding,
    Measurement,
    PerceptionResult,
    ProbeCommand,
    RobotState,
    SafetyState,
)
from geometry_msgs.msg import TwistStamped, WrenchStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
from rosbags.rosbag2.metadata import dump_qos_v9
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import String
from ultrasound_msgs.msg import UltrasoundFrame

from echopilot_core import EchoPilotError, ExamPhase
from echopilot_exam.record.files import free_file, is_ended
from echopilot_exam.record.recording import CHUNK_S, EXAM_FILE, FrameRule, Recording, open_recording, read_attachments
from echopilot_nodes.bonds import Bond
from echopilot_nodes.diagnostics.health import Health, Severity
from echopilot_nodes.diagnostics.publisher import Diagnostics
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.clock import wall_clock
from echopilot_nodes.graph.outlet import type_name_of
from echopilot_nodes.graph.params import RecorderParams, read_params
from echopilot_nodes.graph.process import run
from echopilot_wire import decode, definition, peek_stamp
from tf2_msgs.msg import TFMessage

NEVER = QosTime(9_223_372_036, 854_775_807)  # of rmw: no deadline, no end
CLIP_FILE = "recording.mcap"  # without an exam
WITHOUT_HEADER = (String, TFMessage)
STANDING = (topics.ROBOT_DESCRIPTION, topics.TF_STATIC, topics.BODY_LANDMARKS, topics.BODY_SURFACE)
"""Topics whose newest message from before the exam belongs into its recording."""

TOPICS: tuple[tuple[type, str, QoSProfile], ...] = (
    (UltrasoundFrame, topics.PROBE_FRAME, qos.FRAMES_RECORDED),
    (PerceptionResult, topics.PERCEPTION_RESULT, qos.ANSWER_RECORDED),
    (RobotState, topics.ROBOT_STATE, qos.STATE_RECORDED),
    (WrenchStamped, topics.ROBOT_MEASURED_CF, qos.STATE_RECORDED),
    (JointState, topics.JOINT_STATES, qos.STATE_RECORDED),
    (WrenchStamped, topics.ROBOT_FT_RAW, qos.STATE_RECORDED),
    (TFMessage, topics.TF, qos.STATE_RECORDED),
    (TFMessage, topics.TF_STATIC, qos.LATCHED),
    (String, topics.ROBOT_DESCRIPTION, qos.LATCHED),
    (PointCloud2, topics.BODY_SURFACE, qos.ANSWER_RECORDED),
    (BodyLandmarks, topics.BODY_LANDMARKS, qos.LATCHED),
    (ProbeCommand, topics.CONTROL_COMMAND, qos.STATE_RECORDED),
    (TwistStamped, topics.ROBOT_SERVO_CV, qos.STATE_RECORDED),
    (ControlStatus, topics.CONTROL_STATUS, qos.ANSWER_RECORDED),
    (SafetyState, topics.SAFETY_STATE, qos.ANSWER_RECORDED),
    (ExamState, topics.EXAM_STATE, qos.ANSWER_RECORDED),
    (Measurement, topics.EXAM_MEASUREMENTS, qos.EVENTS),
    (Finding, topics.EXAM_FINDINGS, qos.EVENTS),
)


def offered(profile: QoSProfile) -> str:
    """A quality of service as rosbag2 keeps it with a topic: without it, what is latched would be lost when played."""
    kept = Qos(
        QosHistory(int(profile.history)),
        profile.depth,
        QosReliability(int(profile.reliability)),
        QosDurability(int(profile.durability)),
        NEVER,
        NEVER,
        QosLiveliness.AUTOMATIC,
        NEVER,
        False,
    )
    return yaml.safe_dump(dump_qos_v9([kept]), sort_keys=False)


class Recorder(Node):
    """Writes messages as they came over the wire. Times in the file are the messages' own stamps.

    A file is begun when the exam tells its folder on `exam/folder` and finished when the exam ends; a full disk ends
    it early, said once in the log and on `diagnostics`, and never touches the exam. A recorder that is started again
    during an exam goes on in a new file beside the first. With `record_all_frames` there is no exam: one file from
    the start to the end, as for a replayed clip.
    """

    def __init__(self) -> None:
        super().__init__("recorder")
        self._params = read_params(self, RecorderParams)
        self._bond = Bond(self.get_namespace(), self.get_name())
        self._recording: Recording | None = None
        self._channels: dict[str, int] = {}
        self._standing: dict[str, tuple[int, bytes]] = {}
        self._rule = FrameRule()
        self._newest_ns = 0
        self._complained = ""
        self._diagnostics = Diagnostics(self, self._health, hardware_id="disk")
        self._attachments = read_attachments(self._params.attach)
        if self._params.record_all_frames:
            self._begin(Path(self._params.out), CLIP_FILE)
        self.create_subscription(String, topics.EXAM_FOLDER, self._on_folder, qos.LATCHED)
        self.create_subscription(String, topics.EXAM_RECORD, lambda _: self._finish(), qos.LATCHED)
        for kind, name, profile in TOPICS:
            self._record(kind, name, profile)
        self.create_timer(CHUNK_S, self._every_second, clock=wall_clock())

    # The file

    def _on_folder(self, message: String) -> None:
        folder = Path(message.data)
        if not folder.is_dir():  # the exam runs on another machine
            folder = Path(self._params.out) / folder.name
            self.get_logger().warning(f"{message.data} is not on this machine: recording into {folder}")
        self._finish()
        if not is_ended(folder):  # else this process was started again after the exam
            self._begin(folder, EXAM_FILE)

    def _begin(self, folder: Path, name: str) -> None:
        self._rule = FrameRule(
            self._params.idle_frame_hz, self._params.max_megabytes * 1_000_000, self._params.record_all_frames
        )
        self._complained = ""
        try:
            self._recording = open_recording(folder, free_file(folder / name).name, self._attachments)
        except EchoPilotError as error:
            self._complain(str(error))
            return
        for kind, topic, profile in TOPICS:
            type_name, full = type_name_of(kind), self.resolve_topic_name(topic)
            self._channels[topic] = self._recording.channel(full, type_name, definition(type_name), offered(profile))
        for topic, (stamp_ns, raw) in self._standing.items():
            self._recording.write(self._channels[topic], stamp_ns, raw)

    def _finish(self) -> None:
        """Finish the file, if there is one."""
        if self._recording is None:
            return
        started_s = time.monotonic()
        recording, self._recording = self._recording, None
        recording.close()
        if not recording.stopped:
            seconds = time.monotonic() - started_s
            self.get_logger().info(f"{recording.path}: {recording.messages} messages, closed in {seconds:.1f} s")

    def _every_second(self) -> None:
        if self._recording is not None:
            self._recording.sync()
            if self._recording.stopped:
                self._complain(self._recording.stopped)

    def _health(self) -> Health:
        if self._complained:
            return Health(self._complained, Severity.ERROR)
        values: dict[str, object] = {}
        if self._recording is not None:
            size_mb = self._recording.size / 1e6
            values = {"file": self._recording.path, "size [MB]": size_mb, "messages": self._recording.messages}
        if self._rule.is_full:
            limit = f"{self._params.max_megabytes} MB reached: frames are no longer recorded"
            return Health(limit, Severity.WARN, values)
        return Health("idle" if self._recording is None else "records", Severity.OK, values)

    def _complain(self, message: str) -> None:
        if message != self._complained:
            self._complained = message
            self.get_logger().error(message)

    def close(self) -> None:
        """Finish the file: index and footer; then say goodbye."""
        self._finish()
        self._bond.close()

    # Messages

    def _record(self, kind: Any, name: str, profile: QoSProfile) -> None:
        stamped = kind not in WITHOUT_HEADER

        def write(raw: bytes) -> None:
            if stamped:
                self._newest_ns = peek_stamp(raw)
            stamp_ns = self._newest_ns
            if name in STANDING:
                self._standing[name] = stamp_ns, raw
            if kind is ExamState:
                state = decode(raw, type_name_of(ExamState)).state
                self._rule.phase = ExamPhase.__members__.get(state, ExamPhase.IDLE)
            if self._recording is None:
                return
            if kind is UltrasoundFrame and not self._rule.wants(stamp_ns, self._recording.size):
                return
            self._recording.write(self._channels[name], stamp_ns, raw)

        self.create_subscription(kind, name, write, profile, raw=True)


def main() -> None:
    """Run the node until a signal comes."""
    run(Recorder, yields=True)


if __name__ == "__main__":
    main()
