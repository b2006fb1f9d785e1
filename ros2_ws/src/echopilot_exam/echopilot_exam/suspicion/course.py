"""Course of one suspicion: its looks so far, the budget of time, and its settlement."""

from dataclasses import dataclass, replace
from math import isfinite

import numpy as np

from echopilot_core import GateStatus, Look, Measurement, ProbePlace, Suspicion, SuspicionOutcome
from echopilot_exam.measure.aorta_stations import AortaSection
from echopilot_exam.protocol.step import Step, StepStart
from echopilot_exam.suspicion.settle import is_settled, settled
from echopilot_exam.suspicion.table import LookRow

SAME_PLACE_M = 0.015
"""Places nearer than this are shown by one look: a second pass reaches 20 mm to both sides."""


@dataclass
class SuspicionCourse:
    """A suspicion with its row of the table, the sweep that raised it, and the measurement that did, if any.

    `next_step` counts the steps of the row that were planned, `title` is that of the last one. The budget runs from the
    beginning of the first look (`begun_ns`).
    """

    suspicion: Suspicion
    row: LookRow
    sections: tuple[AortaSection, ...]
    number: Measurement | None
    next_step: int = 0
    title: str = ""
    begun_ns: int | None = None
    closed: bool = False

    def take(self, look: Look) -> None:
        """Add a look."""
        self.suspicion = replace(self.suspicion, looks=(*self.suspicion.looks, look))

    @property
    def is_settled(self) -> bool:
        """Whether no further look is needed."""
        return is_settled(self.suspicion, self.row)

    def settle(self, why_no_more: str = "") -> None:
        """Decide by the looks so far; the first decision stands."""
        if not self.closed:
            self.closed = True
            self.suspicion = settled(self.suspicion, self.row, why_no_more)

    def next_look(self) -> Step | None:
        """The next step of the row; None when all were tried. A view is not looked for twice at its usual place."""
        looked = {look.view for look in self.suspicion.looks}
        while self.next_step < len(self.row.steps):
            step = self.row.steps[self.next_step]
            self.next_step += 1
            if step.start is not StepStart.USUAL or step.view not in looked:
                self.title = step.title
                return step
        return None

    def left_s(self, now_ns: int) -> float:
        """Time that is left of the budget [s]."""
        return self.row.budget_s - (0.0 if self.begun_ns is None else (now_ns - self.begun_ns) * 1e-9)

    @property
    def used_up(self) -> str:
        """Words for a budget that is used up."""
        return f"the {self.row.budget_s:.0f} s for it are used up"

    def shares(self, step: Step, place: ProbePlace | None) -> bool:
        """Whether a look that another suspicion asked for serves this one as well: the same plane at the same place."""
        here = self.suspicion.place
        if self.closed or here is None or place is None or step.start is StepStart.USUAL:
            return False
        apart_m = float(np.linalg.norm(here.probe_pose[:3, 3] - place.probe_pose[:3, 3]))
        return apart_m <= SAME_PLACE_M and any(s.view is step.view and s.kind is step.kind for s in self.row.steps)

    @property
    def confirmed_number(self) -> Measurement | None:
        """The measurement of a confirmed suspicion, of all looks in its view together; None for one without a size.

        Its frames are those of these looks; end points, which belong to one frame, are left out.
        """
        suspicion, number = self.suspicion, self.number
        if number is None or suspicion.outcome is not SuspicionOutcome.CONFIRMED:
            return None
        alike = [look for look in suspicion.looks if look.view is number.view and isfinite(look.value)]
        if len(alike) < 2:
            return None
        frames = tuple(dict.fromkeys(sequence for look in alike for sequence in look.frame_sequences))
        return replace(
            number,
            value=suspicion.value,
            sigma=suspicion.sigma,
            gate=GateStatus.PASSED,
            end_points=(),
            frame_sequences=frames,
        )
