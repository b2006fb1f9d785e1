"""Reading of a look: the number that a finished step gives about a suspicion, or why it gives none."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from echopilot_core import Array, Finding, FindingKind, Look, Measurement, PerceptionResult, View
from echopilot_exam.machine.planned_step import PlannedStep
from echopilot_exam.measure.aorta_long_axis import long_axis_diameter
from echopilot_exam.measure.aorta_stations import AortaSection
from echopilot_exam.measure.evaluate import Evaluation
from echopilot_exam.suspicion.table import LookRow
from echopilot_perception.anomaly.thresholds import SIZES

SCORE_UNIT = "1"


@dataclass(frozen=True)
class EndedStep:
    """A step that has ended: whether the gate let it through, and what it recorded.

    `scored` are findings without a size that windows of its frames raised, `T_base_probe` (4, 4) the pose at its end.
    """

    planned: PlannedStep
    accepted: bool
    evaluation: Evaluation
    sections: Sequence[AortaSection]
    recorded: Sequence[PerceptionResult]
    scored: tuple[Finding, ...]
    T_base_probe: Array | None


def first_look(row: LookRow, finding: Finding, measurements: Sequence[Measurement]) -> Look:
    """The look that raised a finding: its measurement, or its probability where it has no size."""
    found = number_of_finding(finding, measurements)
    if found is None:
        return Look(row.first, finding.view, finding.probability, nan, SCORE_UNIT, finding.frame_sequences)
    return Look(row.first, finding.view, found.value, found.sigma, found.unit, found.frame_sequences)


def number_of_finding(finding: Finding, measurements: Sequence[Measurement]) -> Measurement | None:
    """The measurement that raised a finding; None for one without a size."""
    return _sized(finding.kind, [m for m in measurements if m.frame_sequences == finding.frame_sequences])


def later_look(row: LookRow, title: str, ended: EndedStep) -> Look:
    """The number of a look in an accepted step with enough frames; NaN, with the reason, without them."""
    view, frames = ended.planned.step.view, ended.evaluation.frame_sequences
    unit = SIZES[row.kind].unit if row.kind in SIZES else SCORE_UNIT
    if not ended.accepted:
        return Look(title, view, nan, nan, unit, frames, ended.evaluation.detail)
    if len(frames) < row.frames:
        return Look(title, view, nan, nan, unit, frames, f"only {len(frames)} frames, {row.frames} needed")
    if row.kind not in SIZES:
        seen = next((f for f in ended.scored if f.kind is row.kind), None)
        if seen is None:
            return Look(title, view, 0.0, 0.0, unit, frames, "not seen")
        return Look(title, view, seen.probability, nan, unit, seen.frame_sequences)
    if view is View.AORTA_LONG:
        return _long_axis(title, ended, unit)
    found = _sized(row.kind, ended.evaluation.measurements)
    if found is not None:
        return Look(title, view, found.value, found.sigma, found.unit, found.frame_sequences)
    if row.kind is FindingKind.EFFUSION:  # measured only where there is some
        return Look(title, view, 0.0, 0.0, unit, frames, "no fluid")
    return Look(title, view, nan, nan, unit, frames, "not measured")


def _sized(kind: FindingKind, measurements: Sequence[Measurement]) -> Measurement | None:
    """The measurement that stands for the size of a finding, the first name of its limit before the others."""
    names = SIZES[kind].names if kind in SIZES else ()
    return next((m for name in names for m in measurements if m.name is name), None)


def _long_axis(title: str, ended: EndedStep, unit: str) -> Look:
    """Median over the accepted frames of the widest diameter in the long axis."""
    view, passed = ended.planned.step.view, set(ended.evaluation.frame_sequences)
    rows = [(f.sequence, d) for f in ended.recorded if f.sequence in passed and (d := long_axis_diameter(f.label_map))]
    if 2 * len(rows) < len(passed):
        return Look(title, view, nan, nan, unit, tuple(passed), "the place is not in the image")
    values = np.array([d.diameter_m for _, d in rows])
    spread = 1.4826 * float(np.median(np.abs(values - np.median(values))))
    sigma = sqrt(spread**2 / len(rows) + float(np.median([d.sigma_m for _, d in rows])) ** 2)
    return Look(title, view, float(np.median(values)), sigma, unit, tuple(sequence for sequence, _ in rows))
