"""Exam protocols read from YAML: views and sweeps with force, preset, time limit and gate."""

import hashlib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from echopilot_control.safety.limits import DESIGN_LIMITS
from echopilot_core import EchoPilotError, View
from echopilot_core.guarded.bounded import MAX_YAML_BYTES, one_line, read_bounded
from echopilot_core.guarded.yaml_input import parse_yaml
from echopilot_exam.gate.acceptance_criteria import GATES
from echopilot_exam.protocol.guide import GUIDES
from echopilot_exam.protocol.yaml_step import choice, flag, mapping, number, words

PROTOCOL_FOLDER = Path(__file__).parents[1] / "protocols"

SLOWEST_HEART_PERIOD_S = 1.2
"""50 beats/min: without a heart rate from the images, recording lasts this long per beat."""

FORCE_CEILING_N = {str(preset): limits.setpoint_max_n for preset, limits in DESIGN_LIMITS.items()}
"""Highest force set-point of an exam, by preset."""

MAX_STEPS = 100

FORCE_STEP_N = 1.0
"""Added to the force of a step at each attempt after the view was not found."""

KEYS = (
    "view", "kind", "preset", "force_n", "timeout_s", "gate", "hold_s", "beats", "attempts", "speed_mm_s",
    "guided", "breath", "title", "note",
)  # fmt: skip


class StepKind(Enum):
    """Kind of a step: a still view or a sweep from it."""

    ACQUIRE = "acquire"
    SWEEP = "sweep"


class Breath(Enum):
    """Breath hold that the patient is asked for while a view is held and recorded."""

    FREE = "free"
    EXPIRATION = "expiration"
    INSPIRATION = "inspiration"


@dataclass(frozen=True)
class Step:
    """One step of a protocol. `guided`: the operator moves the probe, the robot keeps force and centering."""

    view: View
    kind: StepKind
    preset: str
    force_n: float
    timeout_s: float
    gate: str  # row of echopilot_exam.gate.acceptance_criteria.GATES
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
        """Longest recording [s]: `beats` beats of a slow heart."""
        return self.beats * SLOWEST_HEART_PERIOD_S

    @property
    def by_hand(self) -> bool:
        """True for a view that the network does not know: the arm stays away, the operator starts the recording."""
        return self.view is View.NONE

    @property
    def longest_s(self) -> float:
        """Longest duration of the step without faults [s], motions between attempts excluded."""
        return self.attempts * self.timeout_s + (self.record_s if self.kind is StepKind.ACQUIRE else 0.0)


@dataclass(frozen=True)
class Protocol:
    """A named list of steps and the hash of its file."""

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
    return Protocol(
        name=path.stem,
        title=words(document, "title", where) or path.stem,
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
