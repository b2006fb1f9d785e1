"""Settlement of a suspicion by its looks: confirmed, withdrawn or open, as a pure function."""

from collections.abc import Sequence
from dataclasses import replace
from math import hypot, isfinite, nan, sqrt

import numpy as np

from echopilot_core import FindingKind, Look, Suspicion, SuspicionOutcome
from echopilot_exam.suspicion.table import LookRow
from echopilot_perception.anomaly.thresholds import SCORES, SIZES, suspicious


def raises(kind: FindingKind, value: float) -> bool:
    """Whether a number of a look speaks for the finding: by its limit in size, or by its score. False for NaN."""
    return suspicious(SIZES[kind], value) if kind in SIZES else value >= SCORES[kind].raise_at


def is_settled(suspicion: Suspicion, row: LookRow) -> bool:
    """Whether no further look is needed: enough of them gave a number, and they do not stand even."""
    again = _numbers(suspicion.looks[1:])
    return len(again) >= row.looks and _votes(suspicion) != 0


def settled(suspicion: Suspicion, row: LookRow, why_no_more: str = "") -> Suspicion:
    """The suspicion with its outcome, given all looks.

    Confirmed when more looks speak for it than against it, withdrawn in the reverse case. Two looks that stand even
    are decided by their mean where they agree. Without any second number, or with looks that stand even and differ, it
    stays open.

    Args:
        suspicion: with all its looks.
        row: of the table.
        why_no_more: why looks are missing, such as a budget of time that is used up; stands in an open one's reason.
    """
    numbers = _numbers(suspicion.looks)
    again = _numbers(suspicion.looks[1:])
    if not again:
        told = [f"{look.title}: {look.detail or 'no number'}" for look in suspicion.looks[1:]]
        reason = "; ".join(filter(None, [*told, why_no_more])) or "no second look was made"
        return replace(suspicion, outcome=SuspicionOutcome.OPEN, reason=reason)
    kind = suspicion.finding.kind
    value, sigma = _combined(suspicion.looks)
    spread = max(look.value for look in numbers) - min(look.value for look in numbers)
    votes = _votes(suspicion)
    if votes == 0 and kind in SIZES and spread <= row.agree_m:
        votes = 1 if raises(kind, value) else -1
    reason = _told(suspicion, value if votes > 0 else nan)
    if kind in SIZES and spread > row.agree_m:
        reason += f"; they differ by {amount(spread, numbers[0].unit)}"
    if votes == 0:
        reason = "; ".join(filter(None, [f"{reason}; the looks contradict each other", why_no_more]))
        return replace(suspicion, outcome=SuspicionOutcome.OPEN, reason=reason)
    outcome = SuspicionOutcome.CONFIRMED if votes > 0 else SuspicionOutcome.WITHDRAWN
    return replace(suspicion, outcome=outcome, reason=reason, value=value, sigma=sigma)


def amount(value: float, unit: str) -> str:
    """A number of a look in words: millimeters, or percent for a score, which is never said to be 100 %."""
    if unit == "m":
        return f"{1e3 * value:.1f} mm"
    return "above 99 %" if value > 0.99 else f"{100.0 * value:.0f} %"


def _numbers(looks: Sequence[Look]) -> list[Look]:
    return [look for look in looks if isfinite(look.value)]


def _votes(suspicion: Suspicion) -> int:
    """Looks for the finding less looks against it."""
    kind = suspicion.finding.kind
    return sum(1 if raises(kind, look.value) else -1 for look in _numbers(suspicion.looks))


def _combined(looks: Sequence[Look]) -> tuple[float, float]:
    """Mean of the numbers in the view of the first look, and its sigma with their scatter."""
    alike = [look for look in _numbers(looks) if look.view is looks[0].view]
    values = np.array([look.value for look in alike])
    own = sqrt(sum(look.sigma**2 for look in alike)) / len(alike)
    return float(values.mean()), hypot(own, float(values.std()) / sqrt(len(alike)))


def _told(suspicion: Suspicion, value: float) -> str:
    """All looks with their numbers, or why they have none."""
    looks = [
        f"{look.title}: {look.detail}" if look.detail else f"{look.title} {amount(look.value, look.unit)}"
        for look in suspicion.looks
    ]
    unit = suspicion.looks[0].unit
    head = f"{amount(value, unit)}: " if isfinite(value) and unit == "m" else ""
    return head + ", ".join(looks)
