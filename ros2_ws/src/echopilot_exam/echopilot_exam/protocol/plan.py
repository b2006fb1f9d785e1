"""Dry run of a protocol as text, for `echopilot exam plan`."""

from echopilot_core import SegmentationClass
from echopilot_exam.gate.acceptance_criteria import GATES
from echopilot_exam.gate.gate import AcceptanceGate
from echopilot_exam.protocol.guide import GUIDES
from echopilot_exam.protocol.protocol import Protocol
from echopilot_exam.protocol.step import FORCE_STEP_N, Breath, Step, StepKind
from echopilot_exam.suspicion.table import LookRow, second_looks


def plan_text(protocol: Protocol) -> str:
    """Every step with probe position, force, gate, measurements and time limits."""
    longest_min = sum(step.longest_s for step in protocol.steps) / 60.0
    lines = [f"{protocol.name}: {protocol.title}"]
    for position, step in enumerate(protocol.steps, 1):
        lines += _step_lines(position, step)
    lines.append(f"{len(protocol.steps)} steps, at most {longest_min:.0f} min of searching, holding and recording.")
    if protocol.second_looks:
        lines += ["Second looks, after the step that raises the finding:", *map(_look_line, second_looks().values())]
    return "\n".join(lines)


def _look_line(row: LookRow) -> str:
    return f"  {row.kind.name}: {row.does}; at most {row.budget_s:.0f} s"


def _asked(step: Step) -> str:
    names = " or ".join(kind.name for kind in step.asked_by)
    return f"{names} was raised and not withdrawn" if names else ""


def _step_lines(position: int, step: Step) -> list[str]:
    guide = GUIDES[step.view]
    rows = [
        ("start", "" if step.by_hand else f"{guide.start}; index mark at {guide.mark}; beam {guide.beam}"),
        ("only if", _asked(step)),
        ("note", step.note),
        ("preset", f"{step.preset}, {_force(step)}"),
        ("time", _time(step)),
        ("must see", "" if step.by_hand else guide.shows),
        ("gate", f"{step.gate}: {_gate(GATES[step.gate])}"),
        ("takes", _takes(step)),
        ("breath", "" if step.breath is Breath.FREE else f"asks the patient to hold {step.breath.value}"),
    ]
    return [f"{position:3}. {step.view.name}: {step.title}, {_how(step)}"] + [
        f"       {name:<9}{text}" for name, text in rows if text
    ]


def _how(step: Step) -> str:
    if step.kind is StepKind.SWEEP:
        return f"sweep at {step.speed_m_s * 1e3:.0f} mm/s"
    if step.by_hand:
        return "by hand; the arm stays away"
    return "guided by the operator; the robot keeps force and centering" if step.guided else "found by the robot"


def _force(step: Step) -> str:
    if step.by_hand:
        return "no force from the robot"
    if step.attempts == 1:
        return f"{step.force_n:.0f} N"
    return f"{step.force_n:.0f} N, {FORCE_STEP_N:.0f} N more where the view was not found"


def _time(step: Step) -> str:
    tries = "1 attempt" if step.attempts == 1 else f"{step.attempts} attempts"
    return (
        f"at most {step.timeout_s:.0f} s for each of {tries}"
        if step.attempts > 1
        else f"at most {step.timeout_s:.0f} s"
    )


def _gate(gate: AcceptanceGate) -> str:
    parts = [f"{need.structure.name} {need.min_area_m2 * 1e4:g} cm2" for need in gate.required_structures]
    if gate.centered is not SegmentationClass.BACKGROUND:
        parts.append(f"{gate.centered.name} within {gate.max_offset_m * 1e3:.0f} mm of the middle")
    parts += [
        f"view {gate.min_view_probability:g}",
        f"quality {gate.min_quality:g}",
        f"coupling {gate.min_coupled_fraction:g}",
        f"in {gate.min_passed_fraction:.0%} of the frames",
    ]
    return ", ".join(parts)


def _takes(step: Step) -> str:
    takes = GUIDES[step.view].takes or "images"
    if step.kind is StepKind.SWEEP:
        return "AP diameter every 4 mm, the largest one, proximal, mid and distal third"
    begin = "when the operator says so" if step.by_hand else f"once the gate has passed for {step.hold_s:g} s"
    return f"{takes}; {step.beats} beats (3 s or more, at most {max(step.record_s, 3.0):.1f} s) {begin}"
