"""Installed shared files, and the user's cache folder."""

import os
import sys
from pathlib import Path

from echopilot_core.vocabulary import EchoPilotError

_SOURCES = Path(__file__).resolve().parents[2]  # ros2_ws/src of a checkout


def share_folders(package: str) -> list[Path]:
    """Where the shared files of a package may lie, the first first.

    In the checkout that this code runs from, where ament installs (AMENT_PREFIX_PATH), where pip installs
    (sys.prefix). The checkout comes first: an editable installation copies the files as they were on that day.
    """
    prefixes = [p for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    return [_SOURCES / package, *(Path(prefix) / "share" / package for prefix in (*prefixes, sys.prefix))]


def share_file(package: str, name: str) -> Path:
    """Path of a file in one of `share_folders`, such as ("echopilot_description", "urdf/echopilot_arm.urdf").

    Raises:
        EchoPilotError: the file is in none of these places; all are named.
    """
    shares = share_folders(package)
    for share in shares:
        if (share / name).is_file():
            return share / name
    raise EchoPilotError(f"{name} not found; looked in: {', '.join(str(share) for share in shares)}")


def cache_folder(name: str) -> Path:
    """`$XDG_CACHE_HOME/echopilot/<name>`, by default below `~/.cache`; RuntimeError for a user without a home."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    home = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    return home / "echopilot" / name
