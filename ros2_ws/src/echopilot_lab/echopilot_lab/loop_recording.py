"""exam.mcap of an exam that runs in one process, without ROS: topics, types and frame rates are those of the graph."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcap_ros2._dynamic import serialize_dynamic

from echopilot_exam.record.definitions import definition
from echopilot_exam.record.frame_rule import FrameRule
from echopilot_exam.record.recording import Recording, open_recording
from echopilot_exam.record.wire_state import (
    command_message,
    exam_message,
    robot_message,
    safety_message,
    status_message,
)
from echopilot_exam.record.wire_write import (
    Message,
    finding_message,
    frame_message,
    measurement_message,
    result_message,
)
from echopilot_lab.loop import LoopTick

EXAM_TICKS = 5
TOPICS = {
    "probe/frame": "UltrasoundFrame",
    "perception/result": "PerceptionResult",
    "robot/state": "RobotState",
    "control/command": "ProbeCommand",
    "control/status": "ControlStatus",
    "safety/state": "SafetyState",
    "exam/state": "ExamState",
    "exam/measurements": "Measurement",
    "exam/findings": "Finding",
}


class LoopRecording:
    """Writes every tick of `loop.run_loop` into `folder`/exam.mcap; the folder is that of the exam's record."""

    def __init__(self, folder: Path, rule: FrameRule | None = None) -> None:
        """Raises EchoPilotError when the file cannot be begun or the messages are not built (make does it)."""
        self._rule = rule or FrameRule()
        self.recording: Recording = open_recording(folder)
        self._channels: dict[str, int] = {}
        self._encode: dict[str, Callable[[Message], bytes]] = {}
        for topic, name in TOPICS.items():
            type_name = f"echopilot_msgs/msg/{name}"
            text = definition(type_name)
            self._channels[topic] = self.recording.channel(f"/{topic}", type_name, text)
            encoders: Any = serialize_dynamic(type_name, text)
            self._encode[topic] = encoders[type_name]

    def tick(self, tick: LoopTick) -> None:
        """Write one control tick."""
        for frame in tick.frames:
            if self._rule.wants(frame.stamp_ns, self.recording.size):
                self._write("probe/frame", frame.stamp_ns, frame_message(frame))
        for seen in tick.seen:
            self._write("perception/result", seen.stamp_ns, result_message(seen))
        now_ns = tick.robot.stamp_ns
        self._write("robot/state", now_ns, robot_message(tick.robot))
        self._write("control/command", now_ns, command_message(tick.control.command))
        self._write("control/status", now_ns, status_message(tick.control.status))
        self._write("safety/state", now_ns, safety_message(tick.safety.state))
        if tick.exam is None:
            return
        self._rule.state = tick.exam.state.state
        for measurement in tick.exam.new_measurements:
            self._write("exam/measurements", now_ns, measurement_message(measurement, now_ns))
        for finding in tick.exam.new_findings:
            self._write("exam/findings", now_ns, finding_message(finding, now_ns))
        self._write("exam/state", now_ns, exam_message(tick.exam.state, tick.robot.tick // EXAM_TICKS))

    def close(self) -> None:
        """Finish the file."""
        self.recording.close()

    def _write(self, topic: str, stamp_ns: int, message: Message) -> None:
        self.recording.write(self._channels[topic], stamp_ns, self._encode[topic](message))
