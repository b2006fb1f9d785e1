"""Lockstep: a slow machine makes the simulation slower, never different."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from echopilot_msgs.action import RunExam
from echopilot_msgs.msg import PerceptionResult, RobotState, UltrasoundFrame

from echopilot_nodes import names, qos

TICKS = 1000


def run(graph: Any, model: Path | None, folder: Path) -> tuple[dict[int, str], dict[int, str], dict[int, str]]:
    """Digests of the first ticks: robot state by tick, picture and result by sequence.

    Of the fields, not of the bytes on the wire: those have padding that nobody writes.
    """

    def state(m: RobotState) -> tuple[int, str]:
        return m.tick, hashlib.sha256(repr(m).encode()).hexdigest()

    def picture(m: UltrasoundFrame) -> tuple[int, str]:
        return m.sequence, hashlib.sha256(m.image.data.tobytes()).hexdigest()

    def result(m: PerceptionResult) -> tuple[int, str]:
        m.latency = 0.0
        return m.sequence, hashlib.sha256(repr(m).encode()).hexdigest()

    graph.start_exam_graph(model)
    robot = graph.listen(RobotState, names.ROBOT_STATE, qos.STATE_RECORDED, state)
    frames = graph.listen(UltrasoundFrame, names.PROBE_FRAME, qos.FRAMES_RECORDED, picture)
    results = graph.listen(PerceptionResult, names.PERCEPTION_RESULT, qos.STATE_RECORDED, result)
    goal = RunExam.Goal(protocol="aorta", patient_pseudonym="test", out_folder=str(folder))
    assert graph.action(RunExam, names.EXAM_RUN, goal).accepted
    graph.wait(lambda: bool(robot) and robot[-1][0] >= TICKS, 150.0, f"tick {TICKS}")
    assert "silent" not in graph.logs(20_000), graph.logs()
    graph.close()
    keep = TICKS // 100 * 30 - 6
    return (
        {k: v for k, v in robot if k <= TICKS},
        {k: v for k, v in frames if k < keep},
        {k: v for k, v in results if k < keep},
    )


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
