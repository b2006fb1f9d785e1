"""Lockstep: a slow machine makes the simulation slower, never different."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from echopilot_msgs.action import RunExam
from echopilot_msgs.msg import PerceptionResult, RobotState
from ultrasound_msgs.msg import UltrasoundFrame

from echopilot_nodes.graph import qos, topics

TICKS = 1000


def run(graph: Any, model: Path | None, folder: Path) -> tuple[dict[int, str], dict[int, str], dict[int, str]]:
    """Digests of the first ticks: robot state by tick, image and result by sequence.

    Of the fields, not of the bytes on the wire: those have padding that nobody writes. Made once the graph has ended:
    it may run faster than a listener that computes.
    """

    graph.start_exam_graph(model, 30.0)  # nobody dies here
    robot = graph.listen(RobotState, topics.ROBOT_STATE, qos.STATE_RECORDED)
    frames = graph.listen(UltrasoundFrame, topics.PROBE_FRAME, qos.FRAMES_RECORDED)
    results = graph.listen(PerceptionResult, topics.PERCEPTION_RESULT, qos.ANSWER_RECORDED)
    goal = RunExam.Goal(protocol="aorta", patient_pseudonym="test", out_folder=str(folder))
    assert graph.action(RunExam, topics.EXAM_RUN, goal).accepted
    graph.wait(lambda: bool(robot) and robot[-1].sequence >= TICKS, 150.0, f"tick {TICKS}")
    assert "silent" not in graph.logs(20_000), graph.logs()
    graph.close()
    keep = TICKS // 100 * 30 - 6
    return (
        {m.sequence: digest(m) for m in robot if m.sequence <= TICKS},
        {m.sequence: hashlib.sha256(m.image.data.tobytes()).hexdigest() for m in frames if m.sequence < keep},
        {m.sequence: digest(m) for m in results if m.sequence < keep},
    )


def digest(message: RobotState | PerceptionResult) -> str:
    if isinstance(message, PerceptionResult):
        message.latency = 0.0  # wall time
    return hashlib.sha256(repr(message).encode()).hexdigest()


@pytest.mark.timeout(600)
def test_the_same_twice_though_a_core_is_busy_the_second_time(
    make_graph: Callable[..., Any], model: Path | None, tmp_path: Path
) -> None:
    first = run(make_graph(), model, tmp_path / "a")
    hog = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        second = run(make_graph(), model, tmp_path / "b")
    finally:
        hog.kill()
        hog.wait()
    for ours, theirs in zip(first, second, strict=True):
        common = sorted(ours.keys() & theirs.keys())
        assert len(common) > 0.9 * len(ours)
        different = [k for k in common if ours[k] != theirs[k]]
        assert not different, f"{len(different)} of {len(common)} differ, the first at {different[0]}"
    assert len(first[0]) > 0.95 * TICKS
