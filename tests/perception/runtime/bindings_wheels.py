"""NVIDIA's own bindings wheels from PyPI, unpacked to be read: nothing in them is run."""

import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class BindingsWheel:
    """One wheel of the bindings of TensorRT, of 1.0 to 1.3 MB.

    Attributes:
        project: as PyPI calls it, with the version.
        platform, python: what it was built for.
        fake: version of the fake that stands for it.
    """

    project: str
    platform: str
    python: str
    fake: str

    def __str__(self) -> str:
        return f"{self.project} {self.platform.rpartition('_')[2]}"

    def unpack(self, folder: Path) -> Path:
        """Download into `folder`; the folder of its module, with `__init__.py` and the library."""
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", folder]
        command += ["--platform", self.platform, "--python-version", self.python, self.project]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr[-1500:]
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            wheel.extractall(folder)
        return folder / "tensorrt_bindings"


WHEELS = (
    BindingsWheel("tensorrt-bindings==8.6.1", "manylinux_2_17_x86_64", "3.10", "8.6.1"),
    BindingsWheel("tensorrt-cu12-bindings==10.3.0", "manylinux_2_17_x86_64", "3.10", "10.3.0"),  # JetPack 6.1, 6.2
    BindingsWheel("tensorrt-cu12-bindings==10.7.0", "manylinux_2_31_aarch64", "3.10", "10.3.0"),
    BindingsWheel("tensorrt-cu13-bindings==10.13.3.9", "manylinux_2_35_aarch64", "3.12", "10.3.0"),  # JetPack 7.0
    BindingsWheel("tensorrt-cu13-bindings==11.4.0.106", "manylinux_2_35_aarch64", "3.12", "11.4.0"),
)
"""One of every kind that the runtime supports, for the processors of a Jetson where PyPI has it."""
