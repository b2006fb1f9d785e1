"""A robot PC has neither simulator nor lab: every module of the nodes is imported without them."""

import subprocess
import sys

import pytest

pytest.importorskip("rclpy", reason="needs rclpy")
pytest.importorskip("echopilot_msgs.msg", reason="needs the built messages")

IMPORT_ALL = """
import importlib, pkgutil, sys

ABSENT = {"echopilot_sim", "echopilot_lab", "echopilot_sim_nodes", "echopilot_bringup", "mujoco"}

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"{name} is not on a robot PC")

sys.meta_path.insert(0, Absent())
import echopilot_nodes
names = [m.name for m in pkgutil.walk_packages(echopilot_nodes.__path__, "echopilot_nodes.")]
for name in names:
    importlib.import_module(name)
print(*names)
"""


def test_the_nodes_are_imported_without_simulator_and_lab() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {"echopilot_nodes.controller", "echopilot_nodes.safety", "echopilot_nodes.page"} <= set(done.stdout.split())
