"""Versions and hashes of the software and the configuration files of a record."""

import hashlib
import importlib.util
import platform
from collections.abc import Mapping, Sequence
from functools import lru_cache
from getpass import getuser
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from echopilot_control.safety import Limits
from echopilot_core import EchoPilotError
from echopilot_exam.protocol.protocol import PROTOCOL_FOLDER


def exam_config(protocol: str, limits: Limits, more: Sequence[Path] = ()) -> dict[str, bytes]:
    """Contents of the configuration files of an exam, by name.

    Args:
        protocol: name or file, as for `load_protocol`.
        limits: of safety.
        more: further files, such as calibrations.

    Raises:
        EchoPilotError: when one of `more` cannot be read.
    """
    shipped = PROTOCOL_FOLDER / f"{protocol}.yaml"
    source = shipped if shipped.is_file() else Path(protocol)
    config = {"protocol.yaml": source.read_bytes(), "limits.json": limits.model_dump_json(indent=1).encode()}
    for path in more:
        try:
            config[path.name] = path.read_bytes()
        except OSError as error:
            raise EchoPilotError(f"{path} cannot be kept with the exam: {error.strerror}") from error
    return config


PACKAGES = ("echopilot_core", "echopilot_perception", "echopilot_control", "echopilot_exam")
"""Packages that decide the course and the results of an exam; models and protocols have hashes of their own."""

LIBRARIES = ("numpy", "scipy", "opencv-python-headless", "onnxruntime")


def code_version() -> str:
    """Version of the installed distribution; "unknown" when running from source."""
    return _version("echopilot")


@lru_cache(maxsize=1)
def code_sha256() -> str:
    """SHA-256 over every Python file of PACKAGES, by relative path and content."""
    sha = hashlib.sha256()
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            continue
        folder = Path(spec.origin).parent
        for path in sorted(folder.rglob("*.py")):
            sha.update(f"{package}/{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes())
    return sha.hexdigest()


def account() -> str:
    """Account that this process runs under, as the operator of an exam that names nobody else."""
    try:
        return f"account {getuser()}"
    except (OSError, KeyError):
        return ""


def software() -> dict[str, str]:
    """Python, machine and libraries, by name."""
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        **{name: _version(name) for name in LIBRARIES},
    }


def config_sha256(config: Mapping[str, bytes]) -> str:
    """SHA-256 over configuration files by name and content; empty without any."""
    if not config:
        return ""
    sha = hashlib.sha256()
    for name in sorted(config):
        sha.update(name.encode() + b"\0" + hashlib.sha256(config[name]).digest())
    return sha.hexdigest()


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"
