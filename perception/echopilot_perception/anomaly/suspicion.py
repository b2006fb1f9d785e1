"""Suspicions of a single frame, and the findings that the frame can show."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

import numpy as np

from echopilot_core import (
    Box,
    FindingKind,
    GateStatus,
    Guidance,
    Measurement,
    MeasurementName,
    PerceptionResult,
    View,
    se3,
)
from echopilot_perception.anomaly.thresholds import SCORES, SIZES, SPEAKS
from echopilot_perception.anomaly.wording import crossing_probability
from echopilot_perception.views_that_show import FINDING_VIEWS

KINDS = tuple(FindingKind)
ROUNDING = 1e-6
SIGMA_FROM = 1e-4  # rad: smallest sigma of guidance that is taken as stated


@dataclass(frozen=True)
class FrameSuspicion:
    """Evidence of one frame for a finding: score 0..1, location, and the measured value with its sigma.

    For a measured value the score is the probability that the true size lies beyond the limit
    (wording.crossing_probability); otherwise the score of a box, 1 - mean coupling, or the out-of-distribution score.
    `value` and `sigma` are NaN where nothing was measured.
    """

    kind: FindingKind
    score: float
    place: Box | None = None
    value: float = float("nan")
    sigma: float = float("nan")
    name: MeasurementName | None = None  # of the measurement; None for a score


def usable(result: PerceptionResult) -> bool:
    """Whether coupling, view probabilities, OOD score and quality are present and between 0 and 1."""
    if result.coupling.size == 0 or result.view_probability.shape != (len(View),):
        return False
    numbers = np.concatenate([result.coupling, result.view_probability, [result.ood_score, result.quality]])
    return bool(((numbers >= -ROUNDING) & (numbers <= 1.0 + ROUNDING)).all())


def can_show(result: PerceptionResult) -> frozenset[FindingKind]:
    """Findings that this frame could show if they were present; empty for unusable input.

    A frame without contact, or out of distribution, can show nothing else; a foreshortened ventricle cannot show a
    reduced ejection fraction.
    """
    if not usable(result):
        return frozenset()
    kinds = {FindingKind.NO_CONTACT}
    if float(result.coupling.mean()) < SPEAKS.min_coupling:
        return frozenset(kinds)
    kinds.add(FindingKind.WRONG_ORGAN)
    if result.ood_score >= SPEAKS.max_ood or result.quality < SPEAKS.min_quality:
        return frozenset(kinds)
    for kind in KINDS:
        views = FINDING_VIEWS[kind]
        if views and float(result.view_probability[list(views)].sum()) >= SPEAKS.min_view_probability:
            kinds.add(kind)
    if FindingKind.FORESHORTENED in kinds:
        tilt = _foreshortened(result)
        if tilt is None:
            kinds.remove(FindingKind.FORESHORTENED)
        elif tilt.value > SIZES[FindingKind.FORESHORTENED].high:
            kinds.discard(FindingKind.REDUCED_EF)
    return frozenset(kinds)


def suspicions(result: PerceptionResult) -> tuple[FrameSuspicion, ...]:
    """At most one suspicion per finding, in the order of FindingKind; () for unusable input.

    A measured value outweighs a box of the same kind, which then gives the location alone. REDUCED_EF needs a whole
    beat and is never suspected from one frame.
    """
    kinds = can_show(result)
    found = (_RULES[kind](result) if kind in _RULES else _of_the_body(result, kind) for kind in KINDS if kind in kinds)
    return tuple(s for s in found if s is not None)


def _of_the_body(result: PerceptionResult, kind: FindingKind) -> FrameSuspicion | None:
    box = max((b for b in result.boxes if b.kind == kind.name and _sound(b)), key=lambda b: b.score, default=None)
    if kind in SIZES:
        rows = [m for m in result.measurements if _counts(m, kind)]
        widest = max(rows, key=lambda m: m.value, default=None)
        if widest is not None:
            score = crossing_probability(SIZES[kind], widest.value, widest.sigma)
            return FrameSuspicion(kind, score, box, widest.value, widest.sigma, widest.name)
    return FrameSuspicion(kind, box.score, box) if box is not None and kind in SCORES else None


def _counts(m: Measurement, kind: FindingKind) -> bool:
    limit = SIZES[kind]
    finite = isfinite(m.value) and isfinite(m.sigma) and m.sigma >= 0.0 and m.gate is not GateStatus.REFUSED
    return finite and m.name in limit.names and m.convention is limit.convention


def _sound(box: Box) -> bool:
    sides = (box.left_m, box.top_m, box.right_m, box.bottom_m)
    return 0.0 <= box.score <= 1.0 and all(isfinite(side) for side in sides)


def _no_contact(result: PerceptionResult) -> FrameSuspicion:
    return FrameSuspicion(FindingKind.NO_CONTACT, float(np.clip(1.0 - result.coupling.mean(), 0.0, 1.0)))


def _wrong_organ(result: PerceptionResult) -> FrameSuspicion:
    return FrameSuspicion(FindingKind.WRONG_ORGAN, float(np.clip(result.ood_score, 0.0, 1.0)))


def _foreshortened(result: PerceptionResult) -> FrameSuspicion | None:
    """Angle between the image plane and the long axis of the standard A4C, from the guidance towards it.

    The plane's normal is the probe's y; the long axis of an apical view is the target's z. Such a cut shows the
    ventricle too short. None without guidance to A4C.
    """
    guidance = result.guidance_to(View.A4C)
    if guidance is None or not _sane(guidance):
        return None
    tilt = float(np.arcsin(np.clip(abs(se3.exp(guidance.relative_pose_twist)[1, 2]), 0.0, 1.0)))
    sigma = max(float(guidance.sigma[3]), SIGMA_FROM)
    limit = SIZES[FindingKind.FORESHORTENED]
    return FrameSuspicion(FindingKind.FORESHORTENED, crossing_probability(limit, tilt, sigma), None, tilt, sigma)


def _sane(guidance: Guidance) -> bool:
    """Finite, and no more than half a turn."""
    return bool(np.isfinite(guidance.sigma).all() and np.abs(guidance.relative_pose_twist).max() <= np.pi)


_RULES: dict[FindingKind, Callable[[PerceptionResult], FrameSuspicion | None]] = {
    FindingKind.NO_CONTACT: _no_contact,
    FindingKind.WRONG_ORGAN: _wrong_organ,
    FindingKind.FORESHORTENED: _foreshortened,
    FindingKind.REDUCED_EF: lambda _: None,
}
