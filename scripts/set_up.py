"""Build `.venv`: ROS 2 wheels, libraries and messages; a second run skips every step whose inputs are unchanged.

Usage: python3 scripts/set_up.py [dev] [train]. Standard library only. A step's stamp is the hash of all that it reads,
chained to the steps that it stands on, and is written when the step is done. Where rclpy is already importable
(apt ROS 2 Jazzy, sourced), the environment sees the system's packages and the wheels are left out.
"""

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

if tuple(sys.version_info[:2]) < (3, 10):
    print(
        "set-up needs Python 3.10 or newer, this is " + platform.python_version() + " (make PYTHON=...)",
        file=sys.stderr,
    )
    sys.exit(2)

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
WHEELS = ROOT / "ros-jazzy-wheels.txt"
SOURCES = ROOT / "ros2_ws" / "src"
NEWEST_PYTHON_WITH_WHEELS = (3, 13)
DISK_GIB = 5.0  # wheels, their unpacked form and the build of the messages, with torch

# What pip must keep whatever else is asked for: colcon fails with newer setuptools, apt's ROS is built against NumPy 1.
KEEP_ALWAYS = ["setuptools>=68,<80"]
KEEP_WITH_APT = ["numpy<2"]


def ros_is_installed() -> bool:
    """True when rclpy comes from outside our environment."""
    spec = importlib.util.find_spec("rclpy")
    return spec is not None and not Path(spec.origin or VENV).resolve().is_relative_to(VENV.resolve())


def missing(apt: bool) -> list[str]:
    """Name each thing that the machine lacks, with the way to get it."""
    wants = []
    if importlib.util.find_spec("ensurepip") is None:
        wants.append("the venv module (apt install python3-venv)")
    if shutil.which(os.environ.get("CXX", "c++")) is None:
        wants.append("a C++ compiler (apt install g++)")
    if not Path(sysconfig.get_paths()["include"], "Python.h").is_file():
        wants.append("Python's headers (apt install python3-dev)")
    if apt and importlib.util.find_spec("colcon_core") is None:
        wants.append("colcon (apt install python3-colcon-common-extensions)")
    if not apt and platform.machine() not in ("x86_64", "AMD64"):
        wants.append(f"ROS 2 Jazzy from apt, sourced (there are no wheels for {platform.machine()})")
    elif not apt and sys.version_info[:2] > NEWEST_PYTHON_WITH_WHEELS:
        wants.append("Python 3.10 to 3.13 (make PYTHON=...), or ROS 2 Jazzy from apt, sourced")
    free_gib = shutil.disk_usage(ROOT).free / 2**30
    if not VENV.is_dir() and free_gib < DISK_GIB:
        wants.append(f"{DISK_GIB:.0f} GiB of free disk ({free_gib:.1f} left)")
    return wants


def digest(*parts: object) -> str:
    """Hash texts, and files and folders by path and content."""
    sha = hashlib.sha256()
    for part in parts:
        files = []
        if isinstance(part, Path):
            files = [part] if part.is_file() else sorted(p for p in part.rglob("*") if p.is_file())
        sha.update(str(part).encode() + b"\0")
        for file in files:
            sha.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return sha.hexdigest()


def run(*command: object) -> None:
    """Run a command with the environment's tools first; on failure show the end of what it said and stop."""
    prefixes = os.pathsep.join([str(VENV), *filter(None, [os.environ.get("CMAKE_PREFIX_PATH")])])
    ament = os.pathsep.join([str(VENV), *filter(None, [os.environ.get("AMENT_PREFIX_PATH")])])
    env = os.environ | {
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "CMAKE_PREFIX_PATH": prefixes,
        "AMENT_PREFIX_PATH": ament,
    }
    done = subprocess.run(
        [str(c) for c in command], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode != 0:
        print("failed\n" + "\n".join(done.stdout.splitlines()[-30:]), file=sys.stderr)
        print(f"set-up failed: {' '.join(str(c) for c in command)}", file=sys.stderr)
        sys.exit(1)


def pip(*arguments: object, apt: bool) -> None:
    """Install quietly, within what must be kept."""
    constraints = VENV / "constraints.txt"
    constraints.write_text("\n".join(KEEP_ALWAYS + (KEEP_WITH_APT if apt else [])) + "\n")
    run(
        VENV / "bin/python", "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-c", constraints, *arguments
    )


def make_venv(apt: bool) -> None:
    """Start from an empty environment."""
    system = ["--system-site-packages"] if apt else []
    run(sys.executable, "-m", "venv", "--clear", *system, VENV)


def build_messages(apt: bool) -> None:
    """Build the interfaces into the environment, so that nothing needs sourcing."""
    packages = [SOURCES / "echopilot_msgs"]
    if not apt:
        packages.append(SOURCES / "pip_only" / "tf2_msgs")
        run(VENV / "bin/python", "scripts/fix_wheel_paths.py", VENV)
    run(
        VENV / "bin/python", "-m", "colcon", "--log-base", VENV / "log", "build",
        "--merge-install", "--install-base", VENV, "--build-base", VENV / "build",
        "--base-paths", *packages, "--packages-select", *(p.name for p in packages),
        "--cmake-args", "-DBUILD_TESTING=OFF", "-DPython3_FIND_VIRTUALENV=ONLY",
        f"-DPython3_EXECUTABLE={VENV / 'bin/python'}",
    )  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One part of the set-up; `inputs` is the digest of what decides its result."""

    name: str
    inputs: str
    act: Callable[[], None]


def steps(apt: bool, extras: list[str]) -> list[Step]:
    """List the steps in order. The messages come before the libraries: a new library does not build them again."""
    settings = ROOT / "pyproject.toml"
    interfaces = digest(SOURCES / "echopilot_msgs", SOURCES / "pip_only", ROOT / "scripts" / "fix_wheel_paths.py")
    tools = ["numpy", "colcon-common-extensions"] if apt else ["numpy", "-r", WHEELS]
    editable = ["--no-build-isolation", "-e"]
    return [
        Step("environment", digest(sys.version, str(VENV), apt), lambda: make_venv(apt)),
        Step(
            "build tools" if apt else "ROS 2 wheels",
            digest(WHEELS),
            lambda: pip(*KEEP_ALWAYS, "wheel", *tools, apt=apt),
        ),
        Step("messages", interfaces, lambda: build_messages(apt)),
        Step("libraries", digest(settings), lambda: pip(*editable, ROOT, apt=apt)),
        *(Step(f"extra {e}", digest(settings), lambda e=e: pip(*editable, f"{ROOT}[{e}]", apt=apt)) for e in extras),
    ]


def carry_out(todo: list[Step], stamps: Path) -> None:
    """Act on each step whose stamp differs; all stand on the first two, environment and wheels."""
    chain = ""
    for number, step in enumerate(todo):
        wanted = digest(chain, step.inputs)
        chain = wanted if number < 2 else chain
        stamp = stamps / step.name.replace(" ", "-")
        if stamp.is_file() and stamp.read_text() == wanted:
            continue
        print(f"set-up {number + 1}/{len(todo)}: {step.name} ...", end=" ", flush=True)
        started_s = time.monotonic()
        step.act()
        stamps.mkdir(parents=True, exist_ok=True)
        stamp.write_text(wanted)
        print(f"{time.monotonic() - started_s:.0f} s", flush=True)


def main(extras: list[str]) -> None:
    """Check the machine, then do what is not done yet."""
    apt = ros_is_installed()
    lacks = missing(apt)
    if lacks:
        print("set-up needs " + "; ".join(lacks), file=sys.stderr)
        sys.exit(2)
    carry_out(steps(apt, extras), VENV / "stamps")


if __name__ == "__main__":
    main(sys.argv[1:])
