"""The acceptance gate: whether a frame, and then a view, is good enough for its numbers to leave the system."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echopilot_core import Seen, Tissue, View

COUPLED_PROBABILITY = 0.5
"""A column group counts as coupled above this."""


@dataclass(frozen=True)
class MustSee:
    """A class that has to be present with at least this area."""

    tissue: Tissue
    min_area_m2: float


@dataclass(frozen=True)
class Gate:
    """Thresholds of one gate; a frame passes when every one is met, a view when enough of its frames pass."""

    view: View
    min_view_probability: float
    min_quality: float
    min_coupled_fraction: float  # of the 16 column groups
    max_ood: float
    must_see: tuple[MustSee, ...]
    centred: Tissue  # this class's centroid has to lie near the image axis; BACKGROUND: none has to
    max_offset_m: float
    min_passed_fraction: float  # of the frames of a view
    min_frames: int


@dataclass(frozen=True)
class FrameVerdict:
    """What the gate says about one frame; `reasons` name every threshold that failed."""

    sequence: int
    stamp_ns: int
    passed: bool
    reasons: tuple[str, ...]
    quality: float


@dataclass(frozen=True)
class ViewVerdict:
    """What the gate says about a run of frames."""

    passed: bool
    passed_fraction: float
    frames: int
    quality: float  # median
    reason: str  # empty when passed


def judge_frame(seen: Seen, gate: Gate) -> FrameVerdict:
    """Judge one frame. NaN anywhere fails: every test is written so that only a true comparison passes."""
    reasons: list[str] = []
    probability = float(seen.view_probability[gate.view])
    if not probability >= gate.min_view_probability:
        reasons.append(f"view probability below {gate.min_view_probability:g}")
    if not seen.quality >= gate.min_quality:
        reasons.append(f"quality below {gate.min_quality:g}")
    coupled = float(np.mean(np.asarray(seen.coupling) >= COUPLED_PROBABILITY)) if len(seen.coupling) else 0.0
    if not coupled >= gate.min_coupled_fraction:
        reasons.append(f"coupled columns below {gate.min_coupled_fraction:g}")
    if not seen.ood_score <= gate.max_ood:
        reasons.append(f"foreign image (score above {gate.max_ood:g})")
    for need in gate.must_see:
        extent = seen.extent(need.tissue)
        if extent is None or not extent.area_m2 >= need.min_area_m2:
            reasons.append(f"{need.tissue.name} not seen, {need.min_area_m2 * 1e4:g} cm2 needed")
    extent = seen.extent(gate.centred)
    if extent is not None and not abs(extent.centroid_x_m) <= gate.max_offset_m:
        reasons.append(f"{gate.centred.name} more than {gate.max_offset_m * 1e3:.0f} mm off centre")
    return FrameVerdict(seen.sequence, seen.stamp_ns, not reasons, tuple(reasons), seen.quality)


def judge_view(verdicts: Sequence[FrameVerdict], gate: Gate) -> ViewVerdict:
    """Judge a run of frames: enough frames, and enough of them passed."""
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
