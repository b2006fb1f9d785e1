"""Loading the messages loads neither files of settings, nor images, nor statistics, nor ROS."""

import subprocess
import sys

HEAVY = ("cv2", "mcap", "mujoco", "numba", "pydantic", "rclpy", "ruamel", "scipy", "yaml")


def test_few_libraries_come_with_it() -> None:
    code = f"import sys, echopilot_wire; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
