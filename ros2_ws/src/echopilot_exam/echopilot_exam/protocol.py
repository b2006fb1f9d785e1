"""An exam protocol: which views and sweeps, with which force, preset, time and gate; read from YAML."""

import hashlib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import yaml

from echopilot_core import EchoPilotError, View
from echopilot_exam.gate_table import GATES
from echopilot_exam.guide import GUIDES
from echopilot_exam.yaml_step import choice, flag, mapping, number, words

PROTOCOL_FOLDER = Path(__file__).parent / "protocols"

SLOWEST_HEART_PERIOD_S = 1.2
"""50 beats/min: without a heart rate from the pictures, recording lasts this long per beat."""

FORCE_CEILING_N = {"cardiac": 8.0, "abdomen": 12.0}
"""Highest set-point that an exam may ask for, by preset (DESIGN section 4, limits)."""

KEYS = (
    "view", "kind", "preset", "force_n", "timeout_s", "gate", "hold_s", "beats", "attempts", "speed_mm_s",
    "guided", "breath", "title", "note",
)  # fmt: skip


class StepKind(Enum):
    """What a step does with its view."""

    ACQUIRE = "acquire"
    SWEEP = "sweep"


class Breath(Enum):
    """Which breath the patient is asked to hold while a view is held and recorded."""

    FREE = "free"
    EXPIRATION = "expiration"
    INSPIRATION = "inspiration"


@dataclass(frozen=True)
class Step:
    """One line of a protocol. `guided`: the operator moves the probe, the robot keeps force and centring."""

    view: View
    kind: StepKind
    preset: str
    force_n: float
    timeout_s: float
    gate: str  # row of echopilot_exam.gate_table.GATES
    hold_s: float = 1.0  # the gate must pass this long before recording
    beats: int = 3
    attempts: int = 1
    speed_m_s: float = 0.008  # sweeps only
    guided: bool = False
    breath: Breath = Breath.FREE
    title: str = ""
    note: str = ""

    @property
    def record_s(self) -> float:
        """The longest recording [s]: holds `beats` beats of a slow heart."""
        return self.beats * SLOWEST_HEART_PERIOD_S

    @property
    def by_hand(self) -> bool:
        """True where the arm stays away and the operator says when to record: a view that the network does not know."""
        return self.view is View.NONE

    @property
    def longest_s(self) -> float:
        """The longest that the step may take without faults [s], moves between attempts left out."""
        return self.attempts * self.timeout_s + (self.record_s if self.kind is StepKind.ACQUIRE else 0.0)


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
        steps=tuple(_step(raw, f"protocol {path.name}, step {position}") for position, raw in enumerate(steps, 1)),
        sha256=hashlib.sha256(text).hexdigest(),
    )


def _step(given: object, where: str) -> Step:
    raw = mapping(given, KEYS, where)
    preset = choice(raw, "preset", list(FORCE_CEILING_N), where)
    guided = flag(raw, "guided", where)
    view = View[choice(raw, "view", [v.name for v in View if guided or v is not View.NONE], where)]
    step = Step(
        view=view,
        kind=StepKind(choice(raw, "kind", [kind.value for kind in StepKind], where)),
        preset=preset,
        force_n=number(raw, "force_n", 2.0, FORCE_CEILING_N[preset], None, where),
        timeout_s=number(raw, "timeout_s", 1.0, 600.0, None, where),
        gate=choice(raw, "gate", list(GATES), where),
        hold_s=number(raw, "hold_s", 0.0, 30.0, 1.0, where),
        beats=round(number(raw, "beats", 1, 20, 3, where)),
        attempts=round(number(raw, "attempts", 1, 5, 1, where)),
        speed_m_s=number(raw, "speed_mm_s", 1.0, 20.0, 8.0, where) * 1e-3,
        guided=guided,
        breath=Breath(choice({"breath": "free", **raw}, "breath", [breath.value for breath in Breath], where)),
        title=words(raw, "title", where) or GUIDES[view].title,
        note=words(raw, "note", where),
    )
    if GATES[step.gate].view is not view:
        fitting = ", ".join(name for name, gate in GATES.items() if gate.view is view)
        raise EchoPilotError(f"{where}: gate {step.gate} is not for view {view.name}; choose one of {fitting}")
    if step.guided and step.kind is StepKind.SWEEP:
        raise EchoPilotError(f"{where}: a sweep cannot be guided; choose kind acquire")
    return step
