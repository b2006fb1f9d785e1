"""An exam through `gz_robot` with Gazebo's own DART engine behind it: real engine, real graph, real exam.

`pytest -rP tests/graph/test_gazebo_graph.py` prints the figures.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "gz"))

from dart_engine import build, missing  # noqa: E402

pytest.importorskip("ros_gz_interfaces.srv", reason="needs the built messages of Gazebo")
from echopilot_msgs.action import RunExam  # noqa: E402
from echopilot_msgs.msg import ExamState  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from echopilot_nodes.graph import qos, topics  # noqa: E402

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())
PATIENT = "aaa_small"
PROTOCOL = "aorta"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dart"))


@pytest.fixture
def gazebo(
    make_graph: Callable[..., Any], program: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Any]:
    """A graph with a process beside it that speaks as ros_gz_bridge and ros2_control do; the parameter: first tick."""
    graph = make_graph()
    command = [sys.executable, str(ROOT / "tests/gz/gazebo_stand_in.py"), str(program), str(tmp_path), PATIENT]
    command += [str(request.param)] if hasattr(request, "param") else []
    with (tmp_path / "gazebo.log").open("wb") as log:
        process = subprocess.Popen(command, env=graph.environment, stdout=log, stderr=log, start_new_session=True)
    graph.processes["gazebo"] = process
    yield graph
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=20)


@pytest.mark.parametrize("gazebo", [0, 1], indirect=True)
def test_an_exam_begins_at_any_tick_of_its_raster(gazebo: Any, model: Path | None, tmp_path: Path) -> None:
    gazebo.start_exam_graph(model, robot="gz_robot", patient=PATIENT)
    states = gazebo.listen(ExamState, topics.EXAM_STATE, qos.ANSWER_RECORDED, lambda m: m.state)
    goal = RunExam.Goal(protocol=PROTOCOL, patient_pseudonym="gazebo", out_folder=str(tmp_path / "out"))
    assert gazebo.action(RunExam, topics.EXAM_RUN, goal).accepted
    gazebo.wait(lambda: "APPROACH" in states, 90.0, "the approach")


@pytest.mark.timeout(900)
def test_an_exam_of_the_aorta_over_gazebos_engine(gazebo: Any, model: Path | None, tmp_path: Path) -> None:
    out = tmp_path / "out"
    gazebo.start("scorer")
    gazebo.start_exam_graph(model, robot="gz_robot", patient=PATIENT)
    summaries = gazebo.listen(String, topics.EXAM_SUMMARY, qos.LATCHED, lambda m: m.data)
    goal = RunExam.Goal(protocol=PROTOCOL, patient_pseudonym="gazebo", out_folder=str(out))
    handle = gazebo.action(RunExam, topics.EXAM_RUN, goal)
    assert handle.accepted
    ended = handle.get_result_async()
    gazebo.wait(ended.done, 700.0, "the end of the exam")
    gazebo.wait(lambda: bool(summaries), 60.0, "scores")
    scores = json.loads(Path(summaries[-1]).read_text())
    print(json.dumps({name: scores[name] for name in ("aorta", "force", "safety", "lockstep")}, indent=1))
    aorta = scores["aorta"]
    assert aorta["completed"] and scores["views"]["AORTA_TRANS"]["reached"]
    assert abs(aorta["max_diameter_mm"] - aorta["true_max_diameter_mm"]) <= 1.0
    assert scores["safety"] == {"trips": 0, "limit_crossings": 0}
    assert scores["lockstep"]["breaks"] == 0
