"""The processor time of nodes, as `bench graph` tells it."""

import subprocess
import sys
from pathlib import Path

import pytest

from echopilot_bringup.processes import processor_seconds, shares

pytestmark = pytest.mark.alone

BUSY = """
import sys, time
while time.process_time() < 0.3:
    pass
print("done", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_node_of_the_session_is_found_by_its_name_with_what_it_used(tmp_path: Path) -> None:
    (tmp_path / "busy_node.py").write_text(BUSY)
    command = [sys.executable, "-m", "busy_node", "--ros-args"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert process.stdout is not None and process.stdout.readline() == b"done\n"
        used = processor_seconds(process.pid)
    finally:
        process.communicate()
    assert list(used) == ["busy_node"] and 0.28 <= used["busy_node"] < 1.0


def test_shares_are_of_one_core_and_begin_with_the_largest() -> None:
    found = shares({"safety": 1.0, "exam": 2.0}, {"safety": 2.0, "exam": 6.0, "late": 1.0}, 4.0)
    assert list(found.items()) == [("exam", 1.0), ("safety", 0.25), ("late", 0.25)]
