"""Raising of suspicions from the frames and the measurements of a step."""

from collections.abc import Iterable

from echopilot_core import ExamPhase, Finding, FindingKind, PerceptionResult, ProbePlace, Suspicion
from echopilot_exam.machine.states import CLIP_PHASES
from echopilot_exam.suspicion.places import place_of_frames, widest_place
from echopilot_exam.suspicion.reading import EndedStep, first_look, number_of_finding
from echopilot_exam.suspicion.table import LookRow
from echopilot_perception.anomaly import TrackedFindings, follow
from echopilot_perception.anomaly.thresholds import SIZES


class SuspicionTracker:
    """Follows findings over the frames of a step, and makes suspicions of what the table has a row for.

    Findings with a size come from the measurements of a step, the others from windows of agreeing frames. A kind of
    finding is raised once in an exam.
    """

    def __init__(self, rows: dict[FindingKind, LookRow]) -> None:
        self._rows = rows
        self._windows = TrackedFindings()
        self._raised: set[FindingKind] = set()

    def begin_step(self) -> None:
        """Forget the frames of earlier steps and attempts."""
        self._windows = TrackedFindings()

    def see(self, results: Iterable[PerceptionResult], state: ExamPhase) -> None:
        """Take the frames of a tick; those outside recordings and sweeps are left out."""
        if state in CLIP_PHASES:
            for result in results:
                self._windows = follow(self._windows, result)

    @property
    def scored(self) -> tuple[Finding, ...]:
        """Findings without a size that the frames of this step raised, each in its strongest form."""
        return tuple(f for f in self._windows.ever if f.kind in self._rows and f.kind not in SIZES)

    def suspicions(self, ended: EndedStep, now_ns: int) -> tuple[Suspicion, ...]:
        """New suspicions of an accepted step, in the order of its findings."""
        if not ended.accepted:
            return ()
        made = []
        for finding in (*ended.evaluation.findings, *ended.scored):
            row = self._rows.get(finding.kind)
            if row is None or finding.kind in self._raised:
                continue
            self._raised.add(finding.kind)
            look = first_look(row, finding, ended.evaluation.measurements)
            place = _place(finding, ended)
            made.append(Suspicion(finding, place, row.question, row.budget_s, now_ns, (look,)))
        return tuple(made)


def _place(finding: Finding, ended: EndedStep) -> ProbePlace | None:
    """Where the finding was raised: a place of the sweep, or the pose at which the view was held."""
    if not ended.sections:
        return None if ended.T_base_probe is None else ProbePlace.of(ended.T_base_probe)
    number = number_of_finding(finding, ended.evaluation.measurements)
    widest = None if number is None else widest_place(ended.sections, number)
    return widest or place_of_frames(ended.sections, finding.frame_sequences)
