"""Gazebo's own DART engine in a process of its own, stepped through a pipe; built from dart_engine.cc."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

SOURCE = Path(__file__).with_name("dart_engine.cc")
LIBRARIES = ("ignition-physics5", "ignition-physics5-sdf", "ignition-plugin1-loader", "sdformat12")
ENGINE = "libignition-physics-dartsim-plugin.so"
PACKAGES = "libignition-physics-dev libignition-physics-sdf-dev libignition-physics5-dartsim-plugin5 libsdformat-dev"
TORQUE, VELOCITY, PLACE = 0.0, 1.0, 2.0
WORLD = """<?xml version="1.0"?>
<sdf version="1.9">
  <world name="engine">
    <gravity>0 0 -9.81</gravity>
    <include><uri>file://{urdf}</uri></include>
  </world>
</sdf>
"""


@cache
def missing() -> str:
    """What this machine lacks for the engine, "" when nothing."""
    if not shutil.which("g++") or not shutil.which("pkg-config"):
        return "g++ or pkg-config is not installed"
    if subprocess.run(["pkg-config", "--exists", *LIBRARIES], check=False).returncode or _engine() is None:
        return f"Gazebo's physics is not installed (Debian: apt-get install {PACKAGES})"
    return ""


def _engine() -> Path | None:
    found = sorted(Path("/usr/lib").glob(f"*/ign-physics-5/engine-plugins/{ENGINE}"))
    return found[0] if found else None


def build(folder: Path) -> Path:
    """The program, compiled into `folder`."""
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", *LIBRARIES], capture_output=True, text=True, check=True
    ).stdout.split()
    program = folder / "dart_engine"
    command = ["g++", "-O0", "-w", "-o", str(program), str(SOURCE), *flags]
    subprocess.run(command, check=True, timeout=300, capture_output=True)
    return program


@dataclass(frozen=True)
class ArmStep:
    """Joints (n,) and the probe in the world after a step."""

    q_rad: np.ndarray
    velocity_rad_s: np.ndarray
    rotation: np.ndarray
    origin_m: np.ndarray
    twist: np.ndarray
    torque_n_m: np.ndarray  # of each joint on its child (n, 3) in world axes
    sensor: np.ndarray  # wrench (6,) of the probe on the arm, in probe at its origin


class DartEngine:
    """The arm of a URDF, its base in the origin."""

    def __init__(self, process: "subprocess.Popen[bytes]", n: int) -> None:
        self._process, self._n = process, n

    def place(self, q_rad: np.ndarray) -> ArmStep:
        """At rest at joint angles (n,), without a step."""
        return self._ask(PLACE, q_rad, np.zeros(6))

    def step(self, command: np.ndarray, wrench: np.ndarray, mode: float = TORQUE) -> ArmStep:
        """One millisecond with torques or velocities (n,), and a wrench (6,) in world axes at the probe's origin."""
        return self._ask(mode, command, wrench)

    def _ask(self, mode: float, values: np.ndarray, wrench: np.ndarray) -> ArmStep:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(np.concatenate([[mode], values, wrench]).tobytes())
        self._process.stdin.flush()
        n = self._n
        answer = self._process.stdout.read(8 * (5 * n + 24))
        assert len(answer) == 8 * (5 * n + 24), "the engine ended"
        numbers = np.frombuffer(answer)
        tail = numbers[2 * n :]
        return ArmStep(
            q_rad=numbers[:n],
            velocity_rad_s=numbers[n : 2 * n],
            rotation=tail[3:12].reshape(3, 3).copy(),
            origin_m=tail[:3],
            twist=tail[12:18].copy(),
            torque_n_m=tail[18 : 18 + 3 * n].reshape(n, 3),
            sensor=-tail[18 + 3 * n :],
        )


@contextmanager
def running(program: Path, urdf: Path, model: str, joints: tuple[str, ...], folder: Path) -> Iterator[DartEngine]:
    """A running engine with the arm of `urdf`; `folder` is for its world file."""
    world = folder / "engine.sdf"
    world.write_text(WORLD.format(urdf=urdf), encoding="utf-8")
    command = [str(program), str(_engine()), str(world), model, "probe", "probe_mount", *joints]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        try:
            yield DartEngine(process, len(joints))
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=10)
