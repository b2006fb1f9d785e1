"""Findings: from what single frames look like to suspicions that several of them agree on (docs/findings.md)."""

from echopilot_perception.anomaly.calibration import (
    ReliabilityBin,
    expected_calibration_error,
    fit_sigmoid_temperature,
    fit_temperature,
    reliability,
)
from echopilot_perception.anomaly.clip import ejection_of_clip, findings_of_clip
from echopilot_perception.anomaly.rates import Rate, auroc, wilson
from echopilot_perception.anomaly.suspicion import Suspicion, can_show, suspicions
from echopilot_perception.anomaly.tracker import Tracked, follow
from echopilot_perception.anomaly.wording import crossing_probability, measured_finding

__all__ = [
    "Rate",
    "ReliabilityBin",
    "Suspicion",
    "Tracked",
    "auroc",
    "can_show",
    "crossing_probability",
    "ejection_of_clip",
    "expected_calibration_error",
    "findings_of_clip",
    "fit_sigmoid_temperature",
    "fit_temperature",
    "follow",
    "measured_finding",
    "reliability",
    "suspicions",
    "wilson",
]
