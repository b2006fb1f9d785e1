"""Message definitions as text, the way ROS 2 bags and MCAP carry them: a type, then all that it contains."""

import os
import re
import sys
from pathlib import Path

from echopilot_core import EchoPilotError

SEPARATOR = "=" * 80
_INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
PRIMITIVES = _INTEGERS | {"bool", "byte", "char", "float32", "float64", "string", "wstring"}
_FIELD = re.compile(r"^\s*([A-Za-z][A-Za-z0-9_/]*)(?:<=\d+)?(?:\[[^\]]*\])?\s+[A-Za-z]\w*")


def definition(type_name: str) -> str:
    """Full text for a type such as "geometry_msgs/msg/Twist"; raises EchoPilotError when a file is missing."""
    package, _, name = type_name.split("/")
    order, texts = [f"{package}/{name}"], {}
    for key in order:
        texts[key] = _read(*key.split("/"))
        for line in texts[key].splitlines():
            found = _FIELD.match(line.split("#")[0])
            if found is None or found[1] in PRIMITIVES:
                continue
            parts = found[1].split("/")
            child = f"{parts[0]}/{parts[-1]}" if len(parts) > 1 else f"{key.split('/')[0]}/{parts[0]}"
            if child not in order:
                order.append(child)
    rest = [f"{SEPARATOR}\nMSG: {key}\n{texts[key]}" for key in order[1:]]
    return "\n".join([texts[order[0]], *rest])


def _read(package: str, name: str) -> str:
    prefixes = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    for prefix in [*prefixes, Path(sys.prefix)]:
        path = prefix / "share" / package / "msg" / f"{name}.msg"
        if path.is_file():
            return path.read_text()
    raise EchoPilotError(f"{package}/msg/{name}.msg not found; is {package} installed?")
