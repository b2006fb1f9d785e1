"""Which software made a record: version and hash of the code, and the libraries that decide its last bits."""

import hashlib
import importlib.util
import platform
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("echopilot_core", "echopilot_perception", "echopilot_control", "echopilot_exam")
"""What decides the course of an exam and its numbers; models and protocols have hashes of their own."""

LIBRARIES = ("numpy", "scipy", "opencv-python-headless", "onnxruntime")


def code_version() -> str:
    """Version of the installed distribution, "unknown" where it runs from source alone."""
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
