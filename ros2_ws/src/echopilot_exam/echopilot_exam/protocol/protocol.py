"""Exam protocols read from YAML: views and sweeps with force, preset, time limit and gate."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import MAX_YAML_BYTES, one_line, read_bounded
from echopilot_core.guarded.values import flag_of, text_of
from echopilot_core.guarded.yaml_input import parse_yaml
from echopilot_exam.protocol.step import Step
from echopilot_exam.protocol.yaml_step import PROTOCOL_KEYS, read_step

PROTOCOL_FOLDER = Path(__file__).parents[1] / "protocols"

MAX_STEPS = 100


@dataclass(frozen=True)
class Protocol:
    """A named list of steps and the hash of its file; `second_looks`: findings are looked at again."""

    name: str
    title: str
    steps: tuple[Step, ...]
    sha256: str
    second_looks: bool = False


def protocol_names() -> tuple[str, ...]:
    """Names of the shipped protocols."""
    return tuple(sorted(path.stem for path in PROTOCOL_FOLDER.glob("*.yaml")))


def load_protocol(name_or_path: str) -> Protocol:
    """Read a protocol.

    Args:
        name_or_path: name of a shipped protocol or path of a YAML file.

    Raises:
        EchoPilotError: for an unknown name or an invalid file, with the valid choices.
    """
    path = PROTOCOL_FOLDER / f"{name_or_path}.yaml"
    if name_or_path not in protocol_names():
        path = Path(name_or_path)
        if path.suffix not in (".yaml", ".yml") or not path.is_file():
            raise EchoPilotError(
                f"unknown protocol '{one_line(name_or_path)}'; "
                f"choose one of {', '.join(protocol_names())} or give a YAML file"
            )
    where = f"protocol {path.name}"
    text = read_bounded(path, MAX_YAML_BYTES, where)
    document = parse_yaml(text, where)
    steps = document.get("steps") if isinstance(document, dict) else None
    if not isinstance(steps, list) or not 0 < len(steps) <= MAX_STEPS:
        raise EchoPilotError(f"{where} needs a list 'steps' of 1 to {MAX_STEPS}")
    protocol = Protocol(
        name=path.stem,
        title=text_of(document.get("title", ""), f"{where}: title") or path.stem,
        steps=tuple(
            read_step(raw, PROTOCOL_KEYS, f"{where}, step {position}") for position, raw in enumerate(steps, 1)
        ),
        sha256=hashlib.sha256(text).hexdigest(),
        second_looks=flag_of(document.get("second_looks", False), f"{where}: second_looks"),
    )
    if not protocol.second_looks and any(step.asked_by for step in protocol.steps):
        raise EchoPilotError(f"{where}: asked_by needs second_looks: true")
    return protocol
