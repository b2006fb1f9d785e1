"""An exam protocol: which views and sweeps, with which force, preset, time and gate; read from YAML."""

import hashlib
import math
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import yaml

from echopilot_core import EchoPilotError, View
from echopilot_exam.gate import GATES

PROTOCOL_FOLDER = Path(__file__).parent / "protocols"

SLOWEST_HEART_PERIOD_S = 1.2  # 50 beats/min: recording this long per beat holds the wanted number of beats

FORCE_CEILING_N = {"cardiac": 8.0, "abdomen": 12.0}
"""Highest set-point that an exam may ask for, by preset (DESIGN section 4, limits)."""


class StepKind(Enum):
    """What a step does with its view."""

    ACQUIRE = "acquire"
    SWEEP = "sweep"


@dataclass(frozen=True)
class Step:
    """One line of a protocol."""

    view: View
    kind: StepKind
    preset: str
    force_n: float
    timeout_s: float
    gate: str  # row of echopilot_exam.gate.GATES
    hold_s: float = 1.0  # the gate must pass this long before recording
    beats: int = 3
    attempts: int = 1
    speed_m_s: float = 0.008  # sweeps only

    @property
    def record_s(self) -> float:
        """Seconds that hold `beats` heart beats."""
        return self.beats * SLOWEST_HEART_PERIOD_S


@dataclass(frozen=True)
class Protocol:
    """A named list of steps and the hash of the file that it came from."""

    name: str
    title: str
    steps: tuple[Step, ...]
    sha256: str

    def sweep_follows(self, index: int) -> bool:
        """True when the step after `index` sweeps from the view that `index` acquires."""
        step, following = self.steps[index], self.steps[index + 1 : index + 2]
        return step.kind is StepKind.ACQUIRE and any(
            s.kind is StepKind.SWEEP and s.view is step.view for s in following
        )


def protocol_names() -> tuple[str, ...]:
    """Names of the protocols that come with the package."""
    return tuple(sorted(path.stem for path in PROTOCOL_FOLDER.glob("*.yaml")))


def load_protocol(name_or_path: str) -> Protocol:
    """Read a protocol by name or from a YAML file; raises EchoPilotError on anything wrong, with the valid choices."""
    path = PROTOCOL_FOLDER / f"{name_or_path}.yaml"
    if name_or_path not in protocol_names():
        path = Path(name_or_path)
        if path.suffix not in (".yaml", ".yml") or not path.is_file():
            raise EchoPilotError(
                f"unknown protocol '{name_or_path}'; choose one of {', '.join(protocol_names())} or give a YAML file"
            )
    try:
        text = path.read_bytes()
        document = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise EchoPilotError(f"protocol {path.name} cannot be read: {str(error).splitlines()[0]}") from error
    steps = document.get("steps") if isinstance(document, dict) else None
    if not isinstance(steps, list) or not steps:
        raise EchoPilotError(f"protocol {path.name} needs a non-empty list 'steps'")
    return Protocol(
        name=path.stem,
        title=str(document.get("title", path.stem)),
        steps=tuple(_step(raw, f"protocol {path.name}, step {number}") for number, raw in enumerate(steps, 1)),
        sha256=hashlib.sha256(text).hexdigest(),
    )


def dry_run_text(protocol: Protocol) -> str:
    """What the exam would do, one line per step, without moving anything."""
    lines = [f"{protocol.name}: {protocol.title}"]
    for number, step in enumerate(protocol.steps, 1):
        if step.kind is StepKind.SWEEP:
            what = f"sweep at {step.speed_m_s * 1e3:.0f} mm/s"
        else:
            what = f"acquire, hold {step.hold_s:.1f} s, record {step.beats} beats ({step.record_s:.1f} s)"
        lines.append(
            f"  {number}. {step.view.name}: {what}; preset {step.preset}, {step.force_n:.0f} N, "
            f"at most {step.timeout_s:.0f} s, {step.attempts} attempt(s), gate {step.gate}"
        )
    return "\n".join(lines)


def _step(raw: Any, where: str) -> Step:
    if not isinstance(raw, dict):
        raise EchoPilotError(f"{where} must be a mapping")
    valid = {"view", "kind", "preset", "force_n", "timeout_s", "gate", "hold_s", "beats", "attempts", "speed_mm_s"}
    for key in raw:
        if key not in valid:
            raise EchoPilotError(f"{where}: unknown key '{key}'; valid are {', '.join(sorted(valid))}")
    views = [view.name for view in View if view is not View.NONE]
    preset = _choice(raw, "preset", list(FORCE_CEILING_N), where)
    return Step(
        view=View[_choice(raw, "view", views, where)],
        kind=StepKind(_choice(raw, "kind", [kind.value for kind in StepKind], where)),
        preset=preset,
        force_n=_number(raw, "force_n", 2.0, FORCE_CEILING_N[preset], None, where),
        timeout_s=_number(raw, "timeout_s", 1.0, 600.0, None, where),
        gate=_choice(raw, "gate", list(GATES), where),
        hold_s=_number(raw, "hold_s", 0.0, 30.0, 1.0, where),
        beats=round(_number(raw, "beats", 1, 20, 3, where)),
        attempts=round(_number(raw, "attempts", 1, 5, 1, where)),
        speed_m_s=_number(raw, "speed_mm_s", 1.0, 20.0, 8.0, where) * 1e-3,
    )


def _choice(raw: dict[str, Any], key: str, valid: list[str], where: str) -> str:
    value = str(raw.get(key))
    if value not in valid:
        raise EchoPilotError(f"{where}: {key} is '{value}'; choose one of {', '.join(valid)}")
    return value


def _number(raw: dict[str, Any], key: str, low: float, high: float, default: float | None, where: str) -> float:
    value = raw.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise EchoPilotError(f"{where}: {key} must be a number from {low:g} to {high:g}")
    if not low <= value <= high:
        raise EchoPilotError(f"{where}: {key} is {value:g}; it must lie from {low:g} to {high:g}")
    return float(value)
