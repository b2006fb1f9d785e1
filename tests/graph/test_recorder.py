"""The recorder as a process: a file in each exam's folder, readable after kill -9; a full disk ends only the file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from disk_limits import small_disk
from echopilot_msgs.msg import RobotState
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from echopilot_core import EchoPilotError
from echopilot_exam.record.mcap_scan import McapScan
from echopilot_nodes.graph import qos, topics

ROBOT_STATE = "echopilot_msgs/msg/RobotState"


def state(message: DiagnosticArray) -> DiagnosticStatus:
    return next(status for status in message.status if status.name == "recorder: state")


class Talker:
    """Says where the exam's record is, and robot states after it."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.folders = graph.node.create_publisher(String, topics.EXAM_FOLDER, qos.LATCHED)
        self.records = graph.node.create_publisher(String, topics.EXAM_RECORD, qos.LATCHED)
        self.states = graph.node.create_publisher(RobotState, topics.ROBOT_STATE, qos.STATE_OFFERED)
        self.health = graph.listen(DiagnosticArray, topics.DIAGNOSTICS, qos.STATE_RECORDED, state)
        self.tick = 0
        graph.wait(lambda: self.states.get_subscription_count() == 1 and self.health, 60.0, "the recorder")

    def begin(self, folder: Path) -> None:
        folder.mkdir()
        self.folders.publish(String(data=str(folder)))

    def say(self) -> None:
        self.tick += 1
        filler = [0.1 * self.tick * k for k in range(2000)]
        message = RobotState(sequence=self.tick, measured_js=JointState(position=filler))
        message.header.stamp.nanosec = self.tick * 10_000_000
        self.states.publish(message)


def ticks(folder: Path) -> list[int]:
    """Ticks of the robot states in a recording; none while it is not begun."""
    try:
        return [m.decoded.sequence for m in McapScan(folder / "exam.mcap", (ROBOT_STATE,))]
    except (EchoPilotError, FileNotFoundError):
        return []


def is_whole(folder: Path) -> bool:
    scan = McapScan(folder / "exam.mcap")
    for _ in scan:
        pass
    return scan.cut == ""


def test_every_exam_has_its_file_a_full_disk_is_said_once_and_kill_9_leaves_it_readable(
    make_graph: Callable[..., Any], tmp_path: Path
) -> None:
    graph = make_graph()
    graph.start("recorder", out=tmp_path / "out")
    talker = Talker(graph)

    def talk_until(condition: Callable[[], bool], what: str) -> None:
        def check() -> bool:
            talker.say()
            return condition()

        graph.wait(check, 60.0, what)

    first, disk, last = tmp_path / "first", tmp_path / "disk", tmp_path / "last"
    talker.begin(first)
    talk_until(lambda: len(ticks(first)) > 5, "messages on the disk")
    talker.records.publish(String(data=str(first)))
    graph.wait(lambda: is_whole(first), 30.0, "a closed file")

    with small_disk(disk, "300k"):
        talker.begin(disk / "exam")
        talk_until(lambda: bool(talker.health[-1].level == DiagnosticStatus.ERROR), "the complaint")
        assert "no space left for the exam record" in talker.health[-1].message
        assert len(ticks(disk / "exam")) > 5
        assert (graph.folder / "recorder.log").read_text().count("no space left") == 1

    talker.begin(last)
    talk_until(lambda: len(ticks(last)) > 5, "messages of the last exam")
    before = ticks(last)
    graph.kill("recorder")
    after = ticks(last)
    assert after[: len(before)] == before and after == sorted(after) and not is_whole(last)
    assert set(ticks(first)).isdisjoint(after)
