"""Protocols: what ships is valid, what is wrong is refused in one line with the valid choices."""

from pathlib import Path

import pytest

from echopilot_control.safety import Limits
from echopilot_core import EchoPilotError, View
from echopilot_exam.gate.acceptance_criteria import GATES
from echopilot_exam.protocol.guide import GUIDES
from echopilot_exam.protocol.plan import plan_text
from echopilot_exam.protocol.protocol import load_protocol, protocol_names
from echopilot_exam.protocol.step import FORCE_CEILING_N, Breath, StepKind


def test_shipped_protocols() -> None:
    assert protocol_names() == ("aorta", "cardiac", "complete", "full", "screening")
    full = load_protocol("full")
    assert [(s.view, s.kind) for s in full.steps] == [
        (View.A4C, StepKind.ACQUIRE),
        (View.AORTA_TRANS, StepKind.ACQUIRE),
        (View.AORTA_TRANS, StepKind.SWEEP),
    ]
    assert len(full.sha256) == 64
    cardiac = [s.view for s in load_protocol("cardiac").steps]
    assert cardiac == [View.PLAX, View.PSAX_PM, View.A4C, View.A2C, View.SC4C]
    complete = load_protocol("complete").steps
    assert {s.view for s in complete} == set(View)
    assert all(s.guided for s in complete if s.view is View.NONE)


def test_every_view_has_a_gate_and_a_guide() -> None:
    assert {gate.view for gate in GATES.values()} == set(GUIDES) == set(View)


def test_force_ceilings_are_those_of_safety() -> None:
    assert {p: Limits().preset_limits(p).setpoint_max_n for p in FORCE_CEILING_N} == FORCE_CEILING_N


@pytest.mark.parametrize("name", protocol_names())
def test_plan_names_every_step_with_place_force_gate_and_limits(name: str) -> None:
    protocol = load_protocol(name)
    lines = plan_text(protocol).splitlines()
    heads = [i for i, line in enumerate(lines) if line[:3].strip().isdigit() and line[3] == "."]
    assert len(heads) == len(protocol.steps)
    for step, begin, end in zip(protocol.steps, heads, [*heads[1:], len(lines)], strict=True):
        text = "\n".join(lines[begin:end])
        assert f"{step.view.name}: {step.title}" in text
        assert f"at most {step.timeout_s:.0f} s" in text and f"gate     {step.gate}" in text and "takes" in text
        assert step.by_hand or (f"{step.force_n:.0f} N" in text and step.preset in text and "must see" in text)
        assert (step.breath is Breath.FREE) or step.breath.value in text
        assert step.guided == ("operator" in lines[begin] or "by hand" in lines[begin])


def test_unknown_name_lists_the_valid_ones() -> None:
    with pytest.raises(EchoPilotError, match="aorta, cardiac, complete, full, screening"):
        load_protocol("head")


GOOD = "{view: A4C, kind: acquire, preset: cardiac, force_n: 5, timeout_s: 60, gate: A4C}"


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("A4C, kind", "A9C, kind", "PLAX"),
        ("acquire", "wander", "acquire, sweep"),
        ("cardiac", "head", "cardiac, abdomen"),
        ("force_n: 5", "force_n: 15", "from 2 to 8"),
        ("force_n: 5", "force_n: .nan", "number"),
        ("gate: A4C", "gate: NONE", "AORTA_SWEEP"),
        ("gate: A4C", "gate: PLAX", "not for view A4C; choose one of A4C"),
        ("view: A4C", "view: NONE", "PLAX"),
        ("gate: A4C", "gate: A4C, guided: sometimes", "true, false"),
        ("gate: A4C", "gate: A4C, breath: deep", "expiration, inspiration"),
        ("gate: A4C", "gate: A4C, note: 3", "one line"),
        ("timeout_s: 60", "timeout: 60", "unknown key"),
        (GOOD, "{view: AORTA_TRANS, kind: sweep, guided: true, preset: abdomen, force_n: 8, timeout_s: 60, "
               "gate: AORTA_SWEEP}", "cannot be guided"),
        (GOOD, "3", "mapping"),
        (GOOD, "{view: [", "line 3, column"),
        (GOOD, "[" * 20_000, "nested more than 32 deep"),
        (GOOD, "&a {view: *a}", "contains itself"),
        ("force_n: 5", "force_n: 5, force_n: 6", "stands twice"),
        ("force_n: 5", "force_n: 1" + "0" * 400, "digits"),
    ],
)  # fmt: skip
def test_wrong_file_is_refused_in_one_line(tmp_path: Path, old: str, new: str, word: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"steps:\n  - {GOOD}\n")
    assert load_protocol(str(path)).steps[0].view is View.A4C
    path.write_text(f"steps:\n  - {GOOD}\n".replace(old, new))
    with pytest.raises(EchoPilotError, match=word) as error:
        load_protocol(str(path))
    assert "\n" not in str(error.value)
