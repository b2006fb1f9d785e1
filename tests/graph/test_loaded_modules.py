"""What the processes of a robot PC have loaded while an exam runs, read from the processes themselves."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from echopilot_msgs.action import RunExam
from echopilot_msgs.msg import PerceptionResult, SafetyState

from echopilot_nodes.graph import qos, topics

TELLS_AT_EXIT = """
import atexit, os, sys
def tell():
    with open(os.path.join({folder!r}, str(os.getpid())), "w") as file:
        file.write(" ".join(sys.modules))
atexit.register(tell)
"""
PATIENT = {"echopilot_sim", "echopilot_lab", "echopilot_sim_nodes", "echopilot_bringup", "mujoco"}
SIGHT = {"echopilot_perception", "echopilot_exam", "echopilot_report", "cv2", "onnxruntime"}
MAY_NOT_LOAD = {
    "safety": PATIENT | SIGHT | {"scipy", "numba", "matplotlib", "pydicom", "mcap"},
    "controller": PATIENT | SIGHT,
    "lifecycle_manager": PATIENT | SIGHT,
    "perception": PATIENT,
    "exam": PATIENT,
    "recorder": PATIENT,
    "report": PATIENT,
    "page": PATIENT,
    "standard_topics": PATIENT,
}
LIBRARIES = ("mujoco", "cv2", "onnxruntime", "scipy")


def mapped(pid: int) -> set[str]:
    """Which of LIBRARIES a running process has mapped a shared object of."""
    files = set(re.findall(r" (/\S+\.so\S*)$", Path(f"/proc/{pid}/maps").read_text(), re.MULTILINE))
    return {name for name in LIBRARIES for file in files if f"/{name}/" in file}


@pytest.mark.timeout(400)
def test_no_process_loads_what_its_computer_need_not_have(
    make_graph: Callable[..., Any], model: Path | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph, told, hook = make_graph(), tmp_path / "told", tmp_path / "hook"
    told.mkdir()
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(TELLS_AT_EXIT.format(folder=str(told)))
    graph.environment["PYTHONPATH"] = os.pathsep.join([str(hook), os.environ.get("PYTHONPATH", "")])
    graph.environment |= {"XDG_CONFIG_HOME": str(tmp_path / "none"), "XDG_STATE_HOME": str(tmp_path / "state")}
    for name in ("recorder", "report", "standard_topics"):
        graph.start(name)
    graph.start("page", port=0)
    graph.start_exam_graph(model, frame_hz=15.0)
    safety = graph.listen(SafetyState, topics.SAFETY_STATE, qos.STATE, lambda m: m.mode)
    results = graph.listen(PerceptionResult, topics.PERCEPTION_RESULT, qos.STATE, lambda m: m.sequence)
    goal = RunExam.Goal(protocol="aorta", patient_pseudonym="test", out_folder=str(tmp_path / "record"))
    assert graph.action(RunExam, topics.EXAM_RUN, goal).accepted
    graph.wait(lambda: len(safety) > 100 and len(results) > 5, 240.0, "an exam under way")
    libraries = {name: mapped(graph.processes[name].pid) for name in MAY_NOT_LOAD}
    assert graph.stop(signal.SIGINT) == dict.fromkeys(graph.processes, 0)
    modules = {name: (told / str(graph.processes[name].pid)).read_text().split() for name in MAY_NOT_LOAD}
    with capsys.disabled():
        counts = ", ".join(f"{name} {len(loaded)}" for name, loaded in modules.items())
        print(f"\nmodules loaded: {counts}", end="")
    found = {name: {module.split(".")[0] for module in modules[name]} | libraries[name] for name in MAY_NOT_LOAD}
    assert {name: sorted(found[name] & barred) for name, barred in MAY_NOT_LOAD.items()} == {
        name: [] for name in MAY_NOT_LOAD
    }
