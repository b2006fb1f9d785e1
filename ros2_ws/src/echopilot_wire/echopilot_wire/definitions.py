"""Message definitions as text, the way ROS 2 bags and MCAP carry them: a type, then all that it contains."""

import re
from functools import cache
from pathlib import Path

from echopilot_core import EchoPilotError
from echopilot_core.paths import share_file, share_folders
from echopilot_wire.standard import STANDARD

PACKAGES = ("ultrasound_msgs", "echopilot_msgs")
SEPARATOR = "=" * 80
_INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
_PRIMITIVES = _INTEGERS | {"bool", "byte", "char", "float32", "float64", "string", "wstring"}
_FIELD = re.compile(r"^\s*([A-Za-z][A-Za-z0-9_/]*)(?:<=\d+)?(?:\[[^\]]*\])?\s+[A-Za-z]\w*")


@cache
def definition(type_name: str) -> str:
    """Full text for a type such as "ultrasound_msgs/msg/UltrasoundFrame".

    Raises:
        EchoPilotError: the type, or one that it contains, is neither ours nor standard nor installed.
    """
    order = [type_name]
    for name in order:
        order += [child for child in dict.fromkeys(_children(name)) if child not in order]
    rest = [f"{SEPARATOR}\nMSG: {name.replace('/msg/', '/')}\n{text_of(name)}" for name in order[1:]]
    return "\n".join([text_of(type_name), *rest])


def own_texts() -> dict[str, str]:
    """Texts of all messages of PACKAGES by type name; raises EchoPilotError when a package is not there."""
    return {f"{package}/msg/{path.stem}": path.read_text() for package in PACKAGES for path in _files(package)}


def text_of(type_name: str) -> str:
    """Text of one type alone, without those that it contains; raises EchoPilotError when there is none."""
    if type_name in STANDARD:
        return STANDARD[type_name]
    package, _, name = type_name.partition("/msg/")
    return share_file(package, f"msg/{name}.msg").read_text()


def _children(type_name: str) -> list[str]:
    package = type_name.partition("/")[0]
    found = (_FIELD.match(line.split("#")[0]) for line in text_of(type_name).splitlines())
    names = [match[1].split("/") for match in found if match is not None and match[1] not in _PRIMITIVES]
    return [f"{parts[0] if len(parts) > 1 else package}/msg/{parts[-1]}" for parts in names]


def _files(package: str) -> list[Path]:
    folders = [share / "msg" for share in share_folders(package)]
    for folder in folders:
        if files := sorted(folder.glob("*.msg")):
            return files
    raise EchoPilotError(f"no messages of {package}; looked in: {', '.join(str(folder) for folder in folders)}")
