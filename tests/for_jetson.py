"""Resolution of requirements for the Python of a Jetson, from wheels alone, without installing anything."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# pip takes markers such as platform_machine from the machine that it runs on, whatever --platform says.
AS_ON_A_JETSON = """
import platform, runpy, sys
version = sys.argv.pop(1) + ".0"
platform.machine = lambda: "aarch64"
platform.python_version = lambda: version
platform.python_version_tuple = lambda: tuple(version.split("."))
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class Jetson:
    """A release of NVIDIA's system.

    Attributes:
        name: as NVIDIA and docs/jetson.md call it.
        python: version of its Python.
        glibc: minor version of its glibc 2.x, up to which wheels fit.
    """

    name: str
    python: str
    glibc: int

    def wheels(self, requirements: list[str], folder: Path) -> list[str]:
        """File names of all wheels that pip would install for `requirements`; AssertionError with what it lacks."""
        report = folder / "report.json"
        command = [sys.executable, "-c", AS_ON_A_JETSON, self.python, "install", "--dry-run", "--ignore-installed"]
        command += ["-q", "--report", str(report), "--target", str(folder / "nothing"), "--only-binary=:all:"]
        command += ["--implementation", "cp", "--python-version", self.python]
        for minor in range(self.glibc, 16, -1):
            command += ["--platform", f"manylinux_2_{minor}_aarch64"]
        command += ["--platform", "manylinux2014_aarch64", *requirements]
        done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
        assert done.returncode == 0, "\n".join(line for line in done.stderr.splitlines() if line.startswith("ERROR"))
        items = json.loads(report.read_text())["install"]
        return [item["download_info"]["url"].rpartition("/")[2] for item in items]


JETSONS = (Jetson("JetPack 6", "3.10", 35), Jetson("JetPack 7", "3.12", 39))
