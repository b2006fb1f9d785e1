"""The `sdf` command of Gazebo (`gz`, Harmonic) or Ignition (`ign`, Debian), and what it makes of a file."""

import os
import shutil
import subprocess
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest

DESCRIPTION = Path(__file__).parents[2] / "ros2_ws" / "src" / "echopilot_description"
TOOL = next((tool for tool in ("gz", "ign") if shutil.which(tool)), None)
needs_sdformat = pytest.mark.skipif(
    TOOL is None, reason="neither `gz` nor `ign` is installed (Debian: apt-get install ignition-tools libsdformat-dev)"
)


def check(file: Path, models: Path) -> str:
    """What `sdf -k` says of a file, "" when it is valid; `models` holds the models that it includes."""
    done = _run("-k", file, models)
    said = (done.stdout + done.stderr).replace("Valid.", "").splitlines()
    return "\n".join(line for line in said if line.strip() and "backward" not in line)


def printed(file: Path, models: Path) -> Element:
    """The root of a file as `sdf -p` writes it: SDF, with the models that it includes."""
    done = _run("-p", file, models)
    assert done.returncode == 0, done.stderr
    return fromstring(done.stdout)


def _run(option: str, file: Path, models: Path) -> subprocess.CompletedProcess[str]:
    assert TOOL is not None
    environment = {**os.environ, "SDF_PATH": str(models)}
    return subprocess.run(
        [TOOL, "sdf", option, str(file)], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
