"""Acceptance gate: the decision whether measurements of a frame, and then of a view, may be reported."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echopilot_core import PerceptionResult, SegmentationClass, View

COUPLED_PROBABILITY = 0.5
"""A column group counts as coupled from this probability on."""


@dataclass(frozen=True)
class RequiredStructure:
    """A class that has to be present with a minimum area."""

    structure: SegmentationClass
    min_area_m2: float


@dataclass(frozen=True)
class AcceptanceGate:
    """Thresholds of one gate; a frame passes when all are met, a view when enough of its frames pass."""

    view: View
    min_view_probability: float
    min_quality: float
    min_coupled_fraction: float  # of the 16 column groups
    max_ood: float
    required_structures: tuple[RequiredStructure, ...]
    centered: SegmentationClass  # its centroid has to lie near the image axis; BACKGROUND: no condition
    max_offset_m: float
    min_passed_fraction: float  # of the frames of a view
    min_frames: int


@dataclass(frozen=True)
class FrameVerdict:
    """Decision on one frame; `reasons` name every threshold that failed."""

    sequence: int
    stamp_ns: int
    passed: bool
    reasons: tuple[str, ...]
    quality: float


@dataclass(frozen=True)
class ViewVerdict:
    """Decision on a sequence of frames."""

    passed: bool
    passed_fraction: float
    frames: int
    quality: float  # median
    reason: str  # empty when passed


def evaluate_frame(result: PerceptionResult, gate: AcceptanceGate) -> FrameVerdict:
    """Evaluate one frame.

    Args:
        result: perception result; NaN anywhere fails, because only a true comparison passes.
        gate: of the view.
    """
    reasons: list[str] = []
    probability = float(result.view_probability[gate.view])
    if not probability >= gate.min_view_probability:
        reasons.append(f"view probability below {gate.min_view_probability:g}")
    if not result.quality >= gate.min_quality:
        reasons.append(f"quality below {gate.min_quality:g}")
    coupled = float(np.mean(np.asarray(result.coupling) >= COUPLED_PROBABILITY)) if len(result.coupling) else 0.0
    if not coupled >= gate.min_coupled_fraction:
        reasons.append(f"coupled columns below {gate.min_coupled_fraction:g}")
    if not result.ood_score <= gate.max_ood:
        reasons.append(f"out of distribution (score above {gate.max_ood:g})")
    for need in gate.required_structures:
        extent = result.extent(need.structure)
        if extent is None or not extent.area_m2 >= need.min_area_m2:
            reasons.append(f"{need.structure.name} not seen, {need.min_area_m2 * 1e4:g} cm2 needed")
    extent = result.extent(gate.centered)
    if extent is not None and not abs(extent.centroid_x_m) <= gate.max_offset_m:
        reasons.append(f"{gate.centered.name} more than {gate.max_offset_m * 1e3:.0f} mm off center")
    return FrameVerdict(result.sequence, result.stamp_ns, not reasons, tuple(reasons), result.quality)


def evaluate_view(verdicts: Sequence[FrameVerdict], gate: AcceptanceGate) -> ViewVerdict:
    """Evaluate a sequence of frames: enough frames, and enough of them passed.

    Args:
        verdicts: of the frames, in any order.
        gate: of the view.

    Returns:
        The decision; its reason names the two most frequent failures.
    """
    frames = len(verdicts)
    fraction = sum(v.passed for v in verdicts) / frames if frames else 0.0
    finite = [v.quality for v in verdicts if np.isfinite(v.quality)]
    quality = float(np.median(finite)) if finite else 0.0
    reason = ""
    if frames < gate.min_frames:
        reason = f"only {frames} frames, {gate.min_frames} needed"
    elif fraction < gate.min_passed_fraction:
        share = f"{fraction:.0%} of {frames} frames passed, {gate.min_passed_fraction:.0%} needed"
        reason = f"{share}: {_commonest(verdicts)}"
    return ViewVerdict(not reason, fraction, frames, quality, reason)


def _commonest(verdicts: Sequence[FrameVerdict]) -> str:
    counts: dict[str, int] = {}
    for verdict in verdicts:
        for reason in verdict.reasons:
            counts[reason] = counts.get(reason, 0) + 1
    return "; ".join(sorted(counts, key=lambda reason: (-counts[reason], reason))[:2])
