"""Reading of one step out of YAML; every error is one line with the place and the valid choices."""

from typing import Any

from echopilot_core import EchoPilotError, FindingKind, View
from echopilot_core.guarded.values import NumberRange, choice_of, flag_of, keys_of, number_of, text_of
from echopilot_exam.gate.acceptance_criteria import GATES
from echopilot_exam.protocol.guide import GUIDES
from echopilot_exam.protocol.step import FORCE_CEILING_N, PROTOCOL_KINDS, Breath, Step, StepKind, StepStart

_COMMON = (
    "view", "kind", "preset", "force_n", "timeout_s", "gate", "hold_s", "beats", "attempts", "speed_mm_s", "breath",
    "title", "note",
)  # fmt: skip
PROTOCOL_KEYS = (*_COMMON, "guided", "asked_by")
LOOK_KEYS = (*_COMMON, "start", "length_mm")
"""Of a step of a second look."""

LEAST_FORCE_N = 2.0
_NUMBERS = {
    "timeout_s": NumberRange(1.0, 600.0),
    "hold_s": NumberRange(0.0, 30.0),
    "beats": NumberRange(1, 20),
    "attempts": NumberRange(1, 5),
    "speed_mm_s": NumberRange(1.0, 20.0),
    "length_mm": NumberRange(10.0, 200.0),
}


def read_step(given: object, keys: tuple[str, ...], where: str) -> Step:
    """A step from its YAML mapping.

    Args:
        given: the mapping as read.
        keys: PROTOCOL_KEYS or LOOK_KEYS.
        where: file and step, as errors name them.

    Raises:
        EchoPilotError: a key that is not valid here, a missing or wrong value, or values that do not fit each other.
    """
    raw = keys_of(given, keys, where)
    preset = _choice(raw, "preset", list(FORCE_CEILING_N), where)
    guided = flag_of(raw.get("guided", False), f"{where}: guided")
    view = View[_choice(raw, "view", [v.name for v in View if guided or v is not View.NONE], where)]
    force = NumberRange(LEAST_FORCE_N, FORCE_CEILING_N[preset])
    step = Step(
        view=view,
        kind=StepKind(_choice(raw, "kind", [kind.value for kind in PROTOCOL_KINDS], where)),
        preset=preset,
        force_n=float(number_of(raw.get("force_n"), force, f"{where}: force_n")),
        timeout_s=_number(raw, "timeout_s", None, where),
        gate=_choice(raw, "gate", list(GATES), where),
        hold_s=_number(raw, "hold_s", 1.0, where),
        beats=round(_number(raw, "beats", 3, where)),
        attempts=round(_number(raw, "attempts", 1, where)),
        speed_m_s=_number(raw, "speed_mm_s", 8.0, where) * 1e-3,
        guided=guided,
        breath=Breath(_choice({"breath": Breath.FREE.value, **raw}, "breath", [b.value for b in Breath], where)),
        title=text_of(raw.get("title", ""), f"{where}: title") or GUIDES[view].title,
        note=text_of(raw.get("note", ""), f"{where}: note"),
        asked_by=findings_of(raw.get("asked_by", []), f"{where}: asked_by"),
        start=StepStart(_choice({"start": StepStart.USUAL.value, **raw}, "start", [s.value for s in StepStart], where)),
        sweep_m=_number(raw, "length_mm", None, where) * 1e-3 if "length_mm" in raw else 0.0,
    )
    _check(step, where)
    return step


def findings_of(given: object, where: str) -> tuple[FindingKind, ...]:
    """A list of names of findings; EchoPilotError, with the valid ones, for anything else."""
    valid = [kind.name for kind in FindingKind]
    if not isinstance(given, list):
        raise EchoPilotError(f"{where} must be a list of {', '.join(valid)}")
    return tuple(FindingKind[choice_of(name, valid, where)] for name in given)


def _check(step: Step, where: str) -> None:
    if GATES[step.gate].view is not step.view:
        fitting = ", ".join(name for name, gate in GATES.items() if gate.view is step.view)
        raise EchoPilotError(f"{where}: gate {step.gate} is not for view {step.view.name}; choose one of {fitting}")
    if step.guided and step.kind is StepKind.SWEEP:
        raise EchoPilotError(f"{where}: a sweep cannot be guided; choose kind acquire")
    if step.sweep_m and step.kind is not StepKind.SWEEP:
        raise EchoPilotError(f"{where}: length_mm is for a sweep; choose kind sweep or leave it out")
    if step.start is StepStart.BEFORE and not step.sweep_m:
        raise EchoPilotError(f"{where}: start before needs length_mm of a sweep")


def _choice(raw: dict[str, Any], key: str, valid: list[str], where: str) -> str:
    return choice_of(raw.get(key), valid, f"{where}: {key}")


def _number(raw: dict[str, Any], key: str, default: float | None, where: str) -> float:
    return float(number_of(raw.get(key, default), _NUMBERS[key], f"{where}: {key}"))
