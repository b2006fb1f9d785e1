"""The verdict over two exams: each thing in which they may differ is told by name; what cannot run is said."""

import os
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from echopilot_bringup.gazebo_verdict import examine, verdict
from echopilot_core import EchoPilotError

ROOT = Path(__file__).resolve().parents[2]
EXAM: dict[str, Any] = {
    "views": {"AORTA_TRANS": {"reached": True}},
    "aorta": {"completed": True, "max_diameter_mm": 33.2, "true_max_diameter_mm": 33.1},
    "force": {"max_n": 8.3},
    "safety": {"limit_crossings": 0},
}
DIFFERENCES = {
    "sweeps completed": ("aorta", "completed", False),
    "same views reached": ("views", "AORTA_TRANS", {"reached": False}),
    "diameter within 1 mm of truth": ("aorta", "true_max_diameter_mm", 35.0),
    "diameters within 1 mm of each other": ("aorta", "max_diameter_mm", None),
    "largest forces within 3 N of each other": ("force", "max_n", 14.0),
    "no force above 20 N": ("safety", "limit_crossings", 2),
}


def test_equal_exams_agree() -> None:
    found = verdict(EXAM, deepcopy(EXAM))
    assert found["agrees"] and all(found["checks"].values()) and set(found["checks"]) == set(DIFFERENCES)
    assert found["figures"]["gazebo"]["diameter_mm"] == 33.2


@pytest.mark.parametrize("name", DIFFERENCES)
def test_each_difference_is_told_by_its_name(name: str) -> None:
    part, key, value = DIFFERENCES[name]
    other = deepcopy(EXAM)
    other[part][key] = value
    found = verdict(other, EXAM)
    assert not found["agrees"] and not found["checks"][name]


def _ros2(folder: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command `ros2` that does what `body` (sh) says; the folder of the exam is the last argument's value."""
    command = folder / "bin" / "ros2"
    command.parent.mkdir()
    command.write_text(f"#!/bin/sh\nfor last; do case $last in out:=*) out=${{last#out:=}};; esac; done\n{body}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")


def test_an_exam_is_waited_for_until_it_is_scored_and_its_launch_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored = '{"outcome": "completed", "views": {}}'
    _ros2(
        tmp_path,
        f"echo $$ > $out/pid; mkdir $out/exam; echo '{scored}' > $out/exam/summary.json; sleep 600",
        monkeypatch,
    )
    found = examine("sim.launch.py", {"seed": "1"}, tmp_path / "out", Console())
    assert found["outcome"] == "completed"
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "out" / "pid").read_text()), 0)


def test_a_launch_that_ends_before_its_exam_is_an_error_with_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ros2(tmp_path, "exit 1", monkeypatch)
    with pytest.raises(EchoPilotError, match=r"ended before its exam did: .*launch\.log"):
        examine("sim.launch.py", {}, tmp_path / "out", Console())


def test_without_ros_the_script_says_what_to_source() -> None:
    environment = {k: v for k, v in os.environ.items() if k != "ROS_DISTRO"}
    done = subprocess.run(
        [ROOT / "scripts/verify_gazebo.sh"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "source /opt/ros/jazzy/setup.bash" in done.stderr
