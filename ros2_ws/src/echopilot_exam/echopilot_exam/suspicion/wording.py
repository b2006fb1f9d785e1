"""Second looks in words, for the operator, the record and the report."""

from math import isfinite

from echopilot_core import FindingKind, Suspicion, SuspicionStatus
from echopilot_exam.protocol.step import Step
from echopilot_exam.suspicion.settle import amount

SUBJECTS = {
    FindingKind.ANEURYSM_ABDOMINAL: "aorta",
    FindingKind.DILATED_ROOT: "aortic root",
    FindingKind.EFFUSION: "fluid",
    FindingKind.THROMBUS: "possible thrombus",
    FindingKind.DISSECTION_FLAP: "possible flap",
}


def announced(suspicion: Suspicion, step: Step) -> str:
    """One line about a look before it: where the probe goes, and why."""
    first, place = suspicion.looks[0], suspicion.place
    seen = f"{SUBJECTS[suspicion.finding.kind]} {amount(first.value, first.unit)}"
    if place is None or not isfinite(place.station_m):
        return f"looks again for {seen} in {first.view.name}: {step.title}"
    return f"goes back to {1e3 * place.station_m:.0f} mm: {seen} here; {step.title}"


def outcome_text(suspicion: Suspicion) -> str:
    """One line about a suspicion: its outcome and the reason."""
    kind = suspicion.finding.kind.name.replace("_", " ").lower()
    return f"{kind} {suspicion.outcome.name.lower()}: {suspicion.reason}"


def status(suspicion: Suspicion) -> SuspicionStatus:
    """The suspicion as it is published: the reason stands beside finding and outcome."""
    return SuspicionStatus(suspicion.finding.kind, suspicion.outcome, suspicion.reason)
