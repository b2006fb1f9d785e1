"""Protocols: what ships is valid, what is wrong is refused in one line with the valid choices."""

from pathlib import Path

import pytest

from echopilot_control.safety import Limits
from echopilot_core import EchoPilotError, View
from echopilot_exam.protocol import FORCE_CEILING_N, StepKind, dry_run_text, load_protocol, protocol_names


def test_shipped_protocols() -> None:
    assert protocol_names() == ("aorta", "cardiac", "full")
    full = load_protocol("full")
    assert [(s.view, s.kind) for s in full.steps] == [
        (View.A4C, StepKind.ACQUIRE),
        (View.AORTA_TRANS, StepKind.ACQUIRE),
        (View.AORTA_TRANS, StepKind.SWEEP),
    ]
    assert len(full.sha256) == 64


def test_force_ceilings_are_those_of_safety() -> None:
    assert {p: Limits().row(p).setpoint_max_n for p in FORCE_CEILING_N} == FORCE_CEILING_N


def test_dry_run_names_every_step() -> None:
    text = dry_run_text(load_protocol("full"))
    assert len(text.splitlines()) == 4 and "A4C" in text and "sweep at 8 mm/s" in text and "8 N" in text


def test_unknown_name_lists_the_valid_ones() -> None:
    with pytest.raises(EchoPilotError, match="aorta, cardiac, full"):
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
        ("timeout_s: 60", "timeout: 60", "unknown key"),
        (GOOD, "3", "mapping"),
        (GOOD, "{view: [", "cannot be read"),
    ],
)
def test_wrong_file_is_refused_in_one_line(tmp_path: Path, old: str, new: str, word: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"steps:\n  - {GOOD}\n")
    assert load_protocol(str(path)).steps[0].view is View.A4C
    path.write_text(f"steps:\n  - {GOOD}\n".replace(old, new))
    with pytest.raises(EchoPilotError, match=word) as error:
        load_protocol(str(path))
    assert "\n" not in str(error.value)
