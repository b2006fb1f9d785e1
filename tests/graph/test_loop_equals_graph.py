"""The loop without ROS computes the numbers of the ROS graph: states, commands and results, bit for bit."""

import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from echopilot_msgs.action import RunExam
from echopilot_msgs.msg import ExamState

from echopilot_exam.exam_run import ExamRun
from echopilot_exam.goal_source import ExamGoals
from echopilot_exam.record.mcap_scan import McapScan
from echopilot_lab.records.loop_recording import LoopRecording
from echopilot_lab.simulated_loop import RenderedResults, simulated_loop
from echopilot_nodes.graph import qos, topics
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.simulation import SimConfig, Simulation

SEED = 500_022
A4C = Path(__file__).parents[1] / "exam" / "a4c.yaml"
PATIENCE_S = 30.0  # nobody dies here: what is late on a busy machine is waited for
COVERED = 0.97  # of the loop's messages: the recorder may open its file after the first ticks
NOT_COMPARED = {"latency", "steady_stamp", "record_folder"}  # wall time, and where the record lies

KEYS: dict[str, Callable[[Any], int]] = {
    "robot/state": lambda m: int(m.sequence),
    "control/command": lambda m: int(m.sequence),
    "control/status": lambda m: int(m.tick),
    "safety/state": lambda m: int(m.header.stamp.sec) * 10**9 + int(m.header.stamp.nanosec),
    "perception/result": lambda m: int(m.sequence),
    "exam/state": lambda m: int(m.tick),
}
"""Topics that are compared, and what counts their messages."""


def bits(value: Any) -> Any:
    """A message as nested tuples in which equal means equal in every bit; NaN equals NaN."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, int | str | bytes):
        return value
    if isinstance(value, np.ndarray):
        return value.tobytes()
    fields = getattr(type(value), "__slots__", None) or getattr(value, "__dict__", None)
    if fields and not hasattr(value, "__len__"):
        return tuple((name, bits(getattr(value, name))) for name in fields if name not in NOT_COMPARED)
    return tuple(bits(item) for item in value)


def read(folder: Path) -> dict[str, dict[int, Any]]:
    """Messages of a recording by topic and key; a repeated message has to be the same."""
    found: dict[str, dict[int, Any]] = {topic: {} for topic in KEYS}
    for message in McapScan(folder / "exam.mcap"):
        topic = message.topic.lstrip("/")
        if topic not in KEYS:
            continue
        key, content = KEYS[topic](message.decoded), bits(message.decoded)
        assert found[topic].setdefault(key, content) == content, f"{topic} {key} was sent twice, differently"
    return found


def run_graph(graph: Any, model: Path | None, protocol: str, folder: Path) -> None:
    graph.start("recorder", out=folder.parent)
    graph.start_exam_graph(model, PATIENCE_S, seed=SEED)
    states = graph.listen(ExamState, topics.EXAM_STATE, qos.ANSWER_RECORDED, lambda m: (m.active, m.state))
    goal = RunExam.Goal(protocol=protocol, patient_pseudonym="test", out_folder=str(folder))
    handle = graph.action(RunExam, topics.EXAM_RUN, goal)
    assert handle.accepted
    ended = handle.get_result_async()
    graph.wait(ended.done, 400.0, "the end of the exam")
    assert ended.result().result.success, states[-1]
    assert "silent" not in graph.logs(20_000), graph.logs()
    assert graph.stop()["recorder"] == 0


def run_closed_loop(protocol: str, folder: Path) -> None:
    simulation = Simulation(sample_patient(SEED), SimConfig(frame_hz=30.0, quality="fast"))
    perception, exam = Perception(), ExamRun(protocol, "test", folder, clips=False)
    recording = LoopRecording(folder)
    loop = simulated_loop(simulation, RenderedResults(simulation, perception, exam.add_frame), ExamGoals(exam))
    while not loop.done:
        tick = loop.step()
        exam.set_landmarks(tick.landmarks)
        recording.tick(tick)
    recording.close()
    exam.close()
    perception.close()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("protocol", ["aorta", str(A4C)], ids=["sweep of the aorta", "search for A4C"])
def test_the_loop_equals_the_graph_bit_for_bit(
    protocol: str, make_graph: Callable[..., Any], model: Path | None, tmp_path: Path
) -> None:
    if model is not None:
        pytest.skip("needs the trained model: an untrained one finds no view")
    with ThreadPoolExecutor(1) as beside:  # the graph leaves half a core
        loop_ended = beside.submit(run_closed_loop, protocol, tmp_path / "loop")
        run_graph(make_graph(), model, protocol, tmp_path / "graph")
        loop_ended.result()
    graph, loop = read(tmp_path / "graph"), read(tmp_path / "loop")
    for topic in KEYS:
        common = sorted(graph[topic].keys() & loop[topic].keys())
        different = [key for key in common if graph[topic][key] != loop[topic][key]]
        detail = first_difference(graph[topic][different[0]], loop[topic][different[0]]) if different else ""
        assert not different, (
            f"{topic}: {len(different)} of {len(common)} differ, the first at {different[0]}: {detail}"
        )
        assert len(common) > COVERED * len(loop[topic]), f"{topic}: {len(common)} of {len(loop[topic])} were recorded"


def first_difference(a: Any, b: Any, path: str = "") -> str:
    """Name of the first field that differs."""
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            if x != y:
                named = isinstance(x, tuple) and len(x) == 2 and isinstance(x[0], str)
                return (
                    first_difference(x[1], y[1], f"{path}.{x[0]}") if named else first_difference(x, y, f"{path}[{i}]")
                )
    return f"{path}: {a!r} against {b!r}"[:300]
