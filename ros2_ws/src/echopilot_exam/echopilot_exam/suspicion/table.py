"""Table of second looks, read from second_looks.yaml: for each finding what is done, and what settles it."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from echopilot_core import EchoPilotError, FindingKind, View
from echopilot_core.guarded.values import NumberRange, choice_of, keys_of, number_of, text_of
from echopilot_core.guarded.yaml_input import read_yaml
from echopilot_exam.protocol.step import Step, StepKind
from echopilot_exam.protocol.yaml_step import LOOK_KEYS, read_step
from echopilot_perception.anomaly.thresholds import SCORES, SIZES
from echopilot_perception.views_that_show import FINDING_VIEWS

TABLE_FILE = Path(__file__).with_name("second_looks.yaml")
KEYS = (
    "does", "question", "first", "budget_s", "looks", "frames", "agree_mm", "confirms", "withdraws", "source", "steps",
)  # fmt: skip
MOST_STEPS = 4
_BUDGET_S, _LOOKS, _FRAMES = NumberRange(10.0, 600.0), NumberRange(1, MOST_STEPS, True), NumberRange(5, 300, True)
_AGREE_MM = NumberRange(0.0, 20.0)


@dataclass(frozen=True)
class LookRow:
    """Second looks at one kind of finding.

    `steps` are tried in order until `looks` of them gave a number from at least `frames` frames and more looks speak
    for the finding than against it, or the reverse. `first` names the look that raised it. Numbers farther apart than
    `agree_m` are told as such (sizes alone). `does`, `confirms`, `withdraws` and `source` are for people.
    """

    kind: FindingKind
    does: str
    question: str
    first: str
    budget_s: float
    looks: int
    frames: int
    agree_m: float
    confirms: str
    withdraws: str
    source: str
    steps: tuple[Step, ...]


@cache
def second_looks() -> dict[FindingKind, LookRow]:
    """The shipped table, by finding."""
    return read_table(TABLE_FILE)


def read_table(path: Path) -> dict[FindingKind, LookRow]:
    """A table of second looks.

    Raises:
        EchoPilotError: in one line, with place and valid choices, for a file that is not complete and valid.
    """
    where = path.name
    given = read_yaml(path, where)
    kinds = [kind.name for kind in FindingKind if kind in SIZES or kind in SCORES]
    if not isinstance(given, dict) or not given:
        raise EchoPilotError(f"{where} must be a mapping with some of {', '.join(kinds)}")
    rows = {}
    for name, row in given.items():
        kind = FindingKind[choice_of(name, kinds, f"{where}: a finding")]
        rows[kind] = _row(kind, row, f"{where}, {name}")
    return rows


def _row(kind: FindingKind, given: object, where: str) -> LookRow:
    raw = keys_of(given, KEYS, where)
    missing = [key for key in KEYS if key not in raw and not (key == "agree_mm" and kind not in SIZES)]
    if missing:
        raise EchoPilotError(f"{where}: {', '.join(missing)} missing")
    steps = raw["steps"]
    if not isinstance(steps, list) or not 1 <= len(steps) <= MOST_STEPS:
        raise EchoPilotError(f"{where}: steps must be a list of 1 to {MOST_STEPS}")
    row = LookRow(
        kind=kind,
        **{key: text_of(raw[key], f"{where}: {key}") for key in ("does", "question", "first")},
        budget_s=float(number_of(raw["budget_s"], _BUDGET_S, f"{where}: budget_s")),
        looks=int(number_of(raw["looks"], _LOOKS, f"{where}: looks")),
        frames=int(number_of(raw["frames"], _FRAMES, f"{where}: frames")),
        agree_m=float(number_of(raw.get("agree_mm", 0.0), _AGREE_MM, f"{where}: agree_mm")) * 1e-3,
        **{key: text_of(raw[key], f"{where}: {key}") for key in ("confirms", "withdraws", "source")},
        steps=tuple(read_step(one, LOOK_KEYS, f"{where}, step {number}") for number, one in enumerate(steps, 1)),
    )
    for step in row.steps:
        _check_view(kind, step, where)
    if row.looks > len(row.steps):
        raise EchoPilotError(f"{where}: looks is {row.looks}; there are {len(row.steps)} steps")
    return row


def _check_view(kind: FindingKind, step: Step, where: str) -> None:
    """A look needs a view that shows the finding; a sweep is one across the aorta."""
    shown = FINDING_VIEWS[kind] + ((View.AORTA_LONG,) if kind is FindingKind.ANEURYSM_ABDOMINAL else ())
    if step.view not in shown:
        names = ", ".join(view.name for view in shown)
        raise EchoPilotError(f"{where}: view {step.view.name} does not show it; choose one of {names}")
    if step.kind is StepKind.SWEEP and step.view is not View.AORTA_TRANS:
        raise EchoPilotError(f"{where}: a sweep needs view {View.AORTA_TRANS.name}")
