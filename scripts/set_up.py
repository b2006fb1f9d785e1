"""Build `.venv`: ROS 2 wheels, libraries and messages; a second run skips every step whose inputs are unchanged.

Usage: python3 scripts/set_up.py [dev] [train]. Standard library only. A step's stamp is the hash of all that it reads,
chained to the steps that it stands on, and is written when the step is done. Where rclpy is already importable
(apt ROS 2 Jazzy, sourced), the environment sees the system's packages and the wheels are left out. What another clone
of the same content has installed and built is copied from the user's cache (set_up_cache.py).
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

from set_up_cache import CacheEntry

if tuple(sys.version_info[:2]) < (3, 10):
    print(
        "set-up needs Python 3.10 or newer, this is " + platform.python_version() + " (make PYTHON=...)",
        file=sys.stderr,
    )
    sys.exit(2)

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
WHEELS = ROOT / "ros-jazzy-wheels.txt"
SETTINGS = ROOT / "pyproject.toml"
SOURCES = ROOT / "ros2_ws" / "src"
INTERFACES = ("ultrasound_msgs", "echopilot_msgs")
PIP_ONLY = ("crtk_msgs", "ros_gz_interfaces", "tf2_msgs", "vision_msgs")  # messages of others that have no wheel
STAMPS = VENV / "stamps"
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
    """Hash texts, and files and folders by content and by their place in the clone."""
    sha = hashlib.sha256()
    for part in parts:
        files = []
        if isinstance(part, Path):
            files = [part] if part.is_file() else sorted(p for p in part.rglob("*") if p.is_file())
            part = part.relative_to(ROOT)
        sha.update(str(part).encode() + b"\0")
        for file in files:
            sha.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return sha.hexdigest()


def works(*command: object) -> bool:
    """True when a command ends without an error."""
    return subprocess.run([str(c) for c in command], capture_output=True, check=False).returncode == 0


def run(*command: object) -> None:
    """Run a command with the environment's tools first; on failure show the end of what it said and stop."""
    prefixes = os.pathsep.join([str(VENV), *filter(None, [os.environ.get("CMAKE_PREFIX_PATH")])])
    ament = os.pathsep.join([str(VENV), *filter(None, [os.environ.get("AMENT_PREFIX_PATH")])])
    env = os.environ | {
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "CMAKE_PREFIX_PATH": prefixes,
        "AMENT_PREFIX_PATH": ament,
        # colcon would add -l: on a busy machine the messages would be compiled one after the other
        "MAKEFLAGS": os.environ.get("MAKEFLAGS") or f"-j{os.cpu_count()}",
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


def machine(apt: bool) -> str:
    """What decides, beside our own files, whether something built or installed here works elsewhere."""
    return repr((sys.version, platform.machine(), platform.libc_ver(), apt and os.environ.get("ROS_DISTRO")))


def kept_environment(apt: bool) -> CacheEntry:
    """Wheels and libraries as another clone has installed them; a month old they are installed anew."""
    keep = KEEP_ALWAYS + (KEEP_WITH_APT if apt else [])
    return CacheEntry("environments", digest(machine(apt), *keep, WHEELS, SETTINGS), versions=2, days=30)


def interfaces() -> str:
    """Digest of what is built into the environment."""
    texts = (SOURCES / name for name in (*INTERFACES, "pip_only"))
    return digest(*texts, ROOT / "scripts" / "fix_wheel_paths.py")


def kept_messages(apt: bool) -> CacheEntry:
    """Messages as another clone has built them against the same wheels, Python and NumPy."""
    numpy = sorted(p.name for p in VENV.glob("lib/python3*/site-packages/numpy-*.dist-info"))
    return CacheEntry("messages", digest(machine(apt), *numpy, WHEELS, interfaces()), versions=6)


def make_environment(apt: bool) -> None:
    """Start from what another clone has installed, else from an empty environment."""
    system = ["--system-site-packages"] if apt else []
    run(sys.executable, "-m", "venv", "--clear", "--without-pip", *system, VENV)
    if not (kept_environment(apt).restore(VENV) and works(VENV / "bin/python", "-m", "pip", "--version")):
        run(sys.executable, "-m", "venv", "--clear", *system, VENV)


def install_libraries(apt: bool) -> None:
    """Install the libraries and this clone, and keep the environment while nothing else is in it."""
    pip("--no-build-isolation", "-e", ROOT, apt=apt)
    kept = kept_environment(apt)
    if not any((STAMPS / step).exists() for step in ("libraries", "messages")) and not kept.is_usable(VENV):
        kept.store(VENV, movable_parts())


def movable_parts() -> list[str]:
    """Files and folders of the environment but those that `venv` makes itself."""
    makes = ("bin", "lib64", "pyvenv.cfg", "stamps", "constraints.txt")
    tools = [p for p in (VENV / "bin").iterdir() if not p.name.lower().startswith(("python", "activate"))]
    return [str(p.relative_to(VENV)) for p in (*VENV.iterdir(), *tools) if p.name not in makes]


def build_messages(apt: bool) -> None:
    """Build the interfaces into the environment, so that nothing needs sourcing, unless another clone has done so."""
    packages = [SOURCES / name for name in INTERFACES]
    if not apt:
        packages += (SOURCES / "pip_only" / name for name in PIP_ONLY)
        run(VENV / "bin/python", "scripts/fix_wheel_paths.py", VENV)
    kept = kept_messages(apt)
    if kept.restore(VENV):
        return
    before = files_of_the_environment()
    run(
        VENV / "bin/python", "-m", "colcon", "--log-base", VENV / "log", "build",
        "--merge-install", "--install-base", VENV, "--build-base", VENV / "build",
        "--base-paths", *packages, "--packages-select", *(p.name for p in packages),
        "--cmake-args", "-DBUILD_TESTING=OFF", "-DPython3_FIND_VIRTUALENV=ONLY",
        f"-DPython3_EXECUTABLE={VENV / 'bin/python'}",
    )  # fmt: skip
    if before.isdisjoint(f"lib/lib{p.name}__rosidl_generator_c.so" for p in packages):  # else a part was there already
        kept.store(VENV, sorted(files_of_the_environment() - before))


def files_of_the_environment() -> set[str]:
    """Names of all files below `.venv` but those of the build itself and its logs."""
    below = (p for p in VENV.iterdir() if p.name not in ("build", "log", "stamps", "lib64"))
    files = (file for top in below for file in ((top,) if top.is_file() else top.rglob("*")) if not file.is_dir())
    return {str(file.relative_to(VENV)) for file in files}


@dataclass(frozen=True)
class SetUpStep:
    """One part of the set-up; `inputs` is the digest of what decides its result, `says` what is waited for."""

    name: str
    inputs: str
    act: Callable[[], None]
    says: Callable[[], str] = str


def steps(apt: bool, extras: list[str]) -> list[SetUpStep]:
    """List the steps in order; a changed library does not build the messages again."""
    tools = ["numpy", "colcon-common-extensions"] if apt else ["numpy", "-r", WHEELS]

    def unless_kept(entry: Callable[[bool], CacheEntry], first: str) -> Callable[[], str]:
        return lambda: "copied from the cache" if entry(apt).is_usable(VENV) else first

    def unless_there(package: str, first: str) -> Callable[[], str]:
        return lambda: "checked" if any(VENV.glob(f"lib/python3*/site-packages/{package}")) else first

    return [
        SetUpStep(
            "environment",
            digest(sys.version, str(VENV), apt),
            lambda: make_environment(apt),
            unless_kept(kept_environment, "empty"),
        ),
        SetUpStep(
            "build tools" if apt else "ROS 2 wheels",
            digest(WHEELS),
            lambda: pip(*KEEP_ALWAYS, "wheel", *tools, apt=apt),
            unless_there("colcon_core", "about 25 s"),
        ),
        SetUpStep("libraries", digest(SETTINGS), lambda: install_libraries(apt), unless_there("numba", "about 40 s")),
        SetUpStep(
            "messages",
            interfaces(),
            lambda: build_messages(apt),
            unless_kept(kept_messages, "built once per version, about a minute"),
        ),
        *(
            SetUpStep(
                f"extra {e}",
                digest(SETTINGS),
                lambda e=e: pip("--no-build-isolation", "-e", f"{ROOT}[{e}]", apt=apt),
                lambda: "up to a minute",
            )
            for e in extras
        ),
    ]


def carry_out(todo: list[SetUpStep], stamps: Path) -> None:
    """Act on each step whose stamp differs; all stand on the first two, environment and wheels."""
    chain = ""
    for number, step in enumerate(todo):
        wanted = digest(chain, step.inputs)
        chain = wanted if number < 2 else chain
        stamp = stamps / step.name.replace(" ", "-")
        if stamp.is_file() and stamp.read_text() == wanted:
            continue
        says = f" ({said})" if (said := step.says()) else ""
        print(f"set-up {number + 1}/{len(todo)}: {step.name}{says} ...", end=" ", flush=True)
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
    carry_out(steps(apt, extras), STAMPS)


if __name__ == "__main__":
    main(sys.argv[1:])
