"""A wheel, installed outside the checkout, finds what it starts graphs with."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
LOOK = """
import sys
from pathlib import Path
from echopilot_bringup import cli, processes
from echopilot_core.paths import share_file
found = [processes.config_file(name) for name in ("sim.yaml", "replay.yaml", "bench.yaml", "supervisord.conf")]
found += [share_file("echopilot_description", "urdf/echopilot_arm.urdf"), Path(cli.__file__)]
print(all(file.is_file() and file.is_relative_to(sys.prefix) for file in found), *found, sep="\\n")
"""


@pytest.mark.timeout(300)
def test_an_installed_wheel_finds_parameters_programs_and_arms(tmp_path: Path) -> None:
    pytest.importorskip("setuptools", reason="builds a wheel")
    source, wheels, place = tmp_path / "source", tmp_path / "wheels", tmp_path / "place"
    skipped = shutil.ignore_patterns(
        ".*", "tests", "docs", "build", "install", "log", "out", "*.egg-info", "__pycache__"
    )
    shutil.copytree(ROOT, source, ignore=skipped)
    wheels.mkdir()
    alone = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "AMENT_PREFIX_PATH")}
    built = subprocess.run(
        [sys.executable, "-c", BUILD, str(wheels)], cwd=source, env=alone, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr[-2000:]
    venv.create(place)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(place)}))
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    shutil.copytree(next(site.glob("*.data")) / "data", place, dirs_exist_ok=True)
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")  # without its own .pth files
    python = place / "bin" / "python"
    looked = subprocess.run([python, "-c", LOOK], cwd=tmp_path, env=alone, capture_output=True, text=True)
    assert looked.stdout.startswith("True"), looked.stdout + looked.stderr
