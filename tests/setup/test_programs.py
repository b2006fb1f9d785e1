"""Programs that colcon installs start with the Python that built them, also in a shell without its environment."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[2] / "ros2_ws" / "src"
VENV = Path(sys.prefix)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("symlinks", ["OFF", "ON"], ids=["copied", "symlink-install"])
def test_an_installed_node_finds_its_interpreter_and_libraries_in_a_new_shell(tmp_path: Path, symlinks: str) -> None:
    cmake = shutil.which("cmake", path=str(VENV / "bin")) or pytest.skip("needs cmake in the environment")
    if not (VENV / "share" / "ament_cmake").is_dir():
        pytest.skip("needs the build tools of ROS in the environment")
    prefix = tmp_path / "install"
    for package in ("echopilot_core", "echopilot_nodes"):
        build = tmp_path / package
        options = [f"-DCMAKE_INSTALL_PREFIX={prefix}", f"-DCMAKE_PREFIX_PATH={prefix};{VENV}"]
        options += [f"-DPython3_EXECUTABLE={sys.executable}", "-DBUILD_TESTING=OFF"]
        options += [f"-DAMENT_CMAKE_SYMLINK_INSTALL={symlinks}"]
        run(cmake, "-S", SOURCES / package, "-B", build, *options)
        run(cmake, "--build", build, "--target", "install")
    programs = list((prefix / "lib" / "echopilot_nodes").iterdir())
    assert {p.name for p in programs} == {p.name for p in (SOURCES / "echopilot_nodes" / "scripts").iterdir()}
    assert {p.read_text().splitlines()[0] for p in programs} == {f"#!{sys.executable}"}
    workspace = [path for path in sys.path if path and not Path(path).is_relative_to(VENV)]
    started = subprocess.run(
        [prefix / "lib" / "echopilot_nodes" / "probe_source"],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join(workspace), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert started.returncode == 2 and "both are empty" in started.stderr, started.stderr


def run(*command: object) -> None:
    """Run a command with the tools of the environment first, as in a shell that has activated it."""
    activated = {"PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}", "AMENT_PREFIX_PATH": str(VENV)}
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=os.environ | activated)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
