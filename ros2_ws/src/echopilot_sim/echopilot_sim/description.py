"""Where the robot description lies: installed by ament, by pip, or beside this source tree."""

import os
import sys
from pathlib import Path

from echopilot_core import EchoPilotError

PACKAGE = "echopilot_description"


def description_file(name: str) -> Path:
    """Path of a file of echopilot_description, such as "urdf/echopilot_arm.urdf".

    Raises EchoPilotError when it is neither in the ament index, nor installed by pip, nor beside the sources.
    """
    prefixes = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    shares = [prefix / "share" / PACKAGE for prefix in [*prefixes, Path(sys.prefix)]]
    shares.append(Path(__file__).resolve().parents[2] / PACKAGE)
    for share in shares:
        if (share / name).is_file():
            return share / name
    raise EchoPilotError(f"{name} not found; looked in: {', '.join(str(share) for share in shares)}")
