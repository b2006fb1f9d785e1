"""exam.mcap of an exam that runs in one process, without ROS: topics, types and frame rates are those of the graph."""

from dataclasses import replace
from pathlib import Path

import echopilot_wire as wire
from echopilot_core.timing import EXAM_TICKS
from echopilot_exam.goal_source import ExamDirective
from echopilot_exam.machine.status import exam_status
from echopilot_exam.record.recording import FrameRule, Recording, open_recording
from echopilot_lab.simulated_loop import SimulatedTick

TOPICS = {
    "probe/frame": "ultrasound_msgs/msg/UltrasoundFrame",
    "perception/result": "echopilot_msgs/msg/PerceptionResult",
    "robot/state": "echopilot_msgs/msg/RobotState",
    "control/command": "echopilot_msgs/msg/ProbeCommand",
    "control/status": "echopilot_msgs/msg/ControlStatus",
    "safety/state": "echopilot_msgs/msg/SafetyState",
    "exam/state": "echopilot_msgs/msg/ExamState",
    "exam/measurements": "echopilot_msgs/msg/Measurement",
    "exam/findings": "echopilot_msgs/msg/Finding",
}


class LoopRecording:
    """Writes every tick of an exam in the closed loop into `folder`/exam.mcap; the folder is that of its record."""

    def __init__(self, folder: Path, rule: FrameRule | None = None) -> None:
        """Raises EchoPilotError when the file cannot be begun."""
        self._rule = rule or FrameRule()
        self._folder = folder
        self.recording: Recording = open_recording(folder)
        self._channels = {
            topic: self.recording.channel(f"/{topic}", type_name, wire.definition(type_name))
            for topic, type_name in TOPICS.items()
        }

    def tick(self, tick: SimulatedTick) -> None:
        """Write one control tick."""
        for frame in tick.frames:
            if self._rule.wants(frame.stamp_ns, self.recording.size):
                self._write("probe/frame", frame.stamp_ns, wire.to_frame(frame))
        for result in tick.results:
            self._write("perception/result", result.stamp_ns, wire.to_result(replace(result, enhanced=None)))
        now_ns = tick.robot.stamp_ns
        self._write("robot/state", now_ns, wire.to_robot_state(tick.published))
        self._write("control/command", now_ns, wire.to_command(tick.control.command))
        self._write("control/status", now_ns, wire.to_status(tick.control.status))
        self._write("safety/state", now_ns, wire.to_safety_state(tick.safety.state))
        if not isinstance(tick.directive, ExamDirective):
            return
        exam = tick.directive.output
        self._rule.phase = exam.state.phase
        for measurement in exam.new_measurements:
            self._write("exam/measurements", now_ns, wire.to_measurement(measurement, now_ns))
        for finding in exam.new_findings:
            self._write("exam/findings", now_ns, wire.to_finding(finding, now_ns))
        status = exam_status(exam.state, tick.robot.tick // EXAM_TICKS, self._folder)
        self._write("exam/state", now_ns, wire.to_exam_state(status))

    def close(self) -> None:
        """Finish the file."""
        self.recording.close()

    def _write(self, topic: str, stamp_ns: int, message: wire.Message) -> None:
        self.recording.write(self._channels[topic], stamp_ns, wire.encode(message))
