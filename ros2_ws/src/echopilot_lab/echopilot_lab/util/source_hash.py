"""Hashes over the source code, by which results name the code that made them."""

import hashlib
from functools import cache
from pathlib import Path
from types import ModuleType

import echopilot_control
import echopilot_core
import echopilot_exam
import echopilot_perception
import echopilot_sim

LAB = Path(__file__).parents[1]
LOOP_FILES = (
    "simulated_loop",
    *(f"trials/{name}" for name in ("failures", "scores", "scoring", "start_offset", "step_times", "sweep_scores")),
    *("trials/trial", "trials/truth"),
)


def folder_of(package: ModuleType) -> Path:
    """Where the source of a package lies."""
    return Path(str(package.__file__)).parent


def source_sha256(*folders: Path, files: tuple[Path, ...] = ()) -> str:
    """Hash over names and bytes of all Python files of folders, and of further files."""
    total = hashlib.sha256()
    listed = [(path.relative_to(root).as_posix(), path) for root in folders for path in sorted(root.rglob("*.py"))]
    for name, path in [*listed, *((path.name, path) for path in files)]:
        total.update(name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


@cache
def trial_code_sha256() -> str:
    """Hash over all code that decides how a trial goes and what it scores; tables and plots are not in it."""
    packages = (echopilot_core, echopilot_sim, echopilot_perception, echopilot_control, echopilot_exam)
    return source_sha256(*map(folder_of, packages), files=tuple(LAB / f"{name}.py" for name in LOOP_FILES))
