"""Findings from measured values and scores: probability and text, which states a suspicion, never a diagnosis."""

from math import degrees, erf, hypot, isfinite, sqrt

from echopilot_core import REVIEW_SENTENCE, Finding, FindingKind, Measurement, MeasurementName, View
from echopilot_perception.anomaly.thresholds import SCORES, SIZES, SizeLimit, borderline, suspicious

_QUANTITY = {
    FindingKind.ANEURYSM_ABDOMINAL: ("abdominal aorta", "abdominal aortic aneurysm", "outer AP diameter"),
    FindingKind.DILATED_ROOT: ("aortic root", "dilated aortic root or ascending aorta", "leading-edge diameter"),
    FindingKind.REDUCED_EF: ("ejection fraction", "reduced ejection fraction", "ejection fraction"),
    FindingKind.EFFUSION: ("pericardial fluid", "pericardial effusion", "depth of the fluid"),
    FindingKind.FORESHORTENED: ("foreshortening", "foreshortened apical view", "angle between plane and long axis"),
}
_MARKED = {
    FindingKind.ANEURYSM_ABDOMINAL: "large, from 50 mm on",
    FindingKind.DILATED_ROOT: "from 50 mm on",
    FindingKind.REDUCED_EF: "in the severe range, below 30 %",
    FindingKind.EFFUSION: "large, from 20 mm on",
    FindingKind.FORESHORTENED: "more than 30 degrees",
}
_SCORED = {
    FindingKind.THROMBUS: "thrombus in the aorta",
    FindingKind.DISSECTION_FLAP: "dissection flap in the aorta; a reverberation can look alike",
    FindingKind.EFFUSION: "pericardial effusion, depth not measured",
    FindingKind.NO_CONTACT: "missing contact: most of the probe face sees air",
    FindingKind.WRONG_ORGAN: "image of something else: in contact, but unlike heart or aorta",
}


def crossing_probability(limit: SizeLimit, value: float, sigma: float) -> float:
    """Probability that the true size lies beyond the limit, Phi((value - limit) / sigma); NaN for unusable input.

    sigma is the measurement's own joined with the observers'; the error is taken as Gaussian and without bias.
    """
    if not (isfinite(value) and isfinite(sigma) and sigma >= 0.0):
        return float("nan")
    side = 1.0 if limit.above else -1.0
    return 0.5 * (1.0 + erf(side * (value - limit.value) / (sqrt(2.0) * hypot(sigma, limit.observer_sigma))))


def measured_finding(kind: FindingKind, measurement: Measurement) -> Finding | None:
    """The finding that a measurement raises, or None: below the zone, not finite, or in another caliper convention.

    Raises KeyError for a kind that is not measured (thresholds.SIZES lists them).
    """
    limit = SIZES[kind]
    if measurement.convention is not limit.convention or not suspicious(limit, measurement.value):
        return None
    return sized_finding(
        kind, measurement.value, measurement.sigma, measurement.view, measurement.frame_sequences, measurement.name
    )


def sized_finding(
    kind: FindingKind,
    value: float,
    sigma: float,
    view: View,
    frames: tuple[int, ...],
    name: MeasurementName | None = None,
) -> Finding | None:
    """The finding of a suspicious value in the unit of its limit; None when value or sigma is not finite."""
    limit = SIZES[kind]
    probability = crossing_probability(limit, value, sigma)
    if not isfinite(probability):
        return None
    subject, suspicion, quantity = _QUANTITY[kind]
    plane = " (single plane, A4C)" if name is MeasurementName.EF_SINGLE_PLANE_A4C else ""
    amount = f"{quantity} {_amount(limit, value)}{plane}"
    zone = borderline(limit, value)
    if zone:
        side = "at or above" if value >= limit.value else "below"
        width = _amount(limit, (limit.high - limit.low) / 2.0, points=True)
        text = f"Borderline {subject}: {amount}, {side} {_amount(limit, limit.value, 0)} by at most {width}; repeat. "
    else:
        far = value >= limit.marked if limit.above else value < limit.marked
        text = f"Suspected {suspicion}: {amount}{f' ({_MARKED[kind]})' if far else ''}. "
    return Finding(kind, probability, view, frames, text + REVIEW_SENTENCE, zone)


def scored_finding(kind: FindingKind, score: float, view: View, frames: tuple[int, ...]) -> Finding:
    """The finding of a score that has reached its limit."""
    zone = score < SCORES[kind].sure_at
    start = "Borderline: possible" if zone else "Suspected"
    return Finding(kind, score, view, frames, f"{start} {_SCORED[kind]}. {REVIEW_SENTENCE}", zone)


def _amount(limit: SizeLimit, value: float, digits: int = 1, points: bool = False) -> str:
    if limit.unit == "m":
        return f"{value * 1e3:.{0 if points else digits}f} mm"
    if limit.unit == "rad":
        return f"{degrees(value):.0f}°"
    return f"{value * 100:.0f} {'points' if points else '%'}"
