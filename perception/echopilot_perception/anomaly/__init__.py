"""Findings: single frames raise suspicions, windows of agreeing frames raise findings (docs/findings.md).

Names are imported on first use, so that an exam needs none of the optimizers of calibration.
"""

from typing import TYPE_CHECKING

from echopilot_core.lazy import names_on_first_use

if TYPE_CHECKING:
    from echopilot_perception.anomaly.area_change import AreaChange, area_change_of_clip
    from echopilot_perception.anomaly.calibration import (
        ReliabilityBin,
        expected_calibration_error,
        fit_sigmoid_temperature,
        fit_temperature,
        reliability,
    )
    from echopilot_perception.anomaly.clip import ejection_of_clip, findings_of_clip, told_measurements
    from echopilot_perception.anomaly.rates import Rate, auroc, wilson
    from echopilot_perception.anomaly.suspicion import FrameSuspicion, can_show, suspicions
    from echopilot_perception.anomaly.tracker import TrackedFindings, follow
    from echopilot_perception.anomaly.votes import ClipVote, vote
    from echopilot_perception.anomaly.wording import crossing_probability, measured_finding

__all__ = [
    "AreaChange",
    "ClipVote",
    "FrameSuspicion",
    "Rate",
    "ReliabilityBin",
    "TrackedFindings",
    "area_change_of_clip",
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
    "told_measurements",
    "vote",
    "wilson",
]

__getattr__ = names_on_first_use(
    __name__,
    {
        "area_change": ("AreaChange", "area_change_of_clip"),
        "calibration": (
            "ReliabilityBin",
            "expected_calibration_error",
            "fit_sigmoid_temperature",
            "fit_temperature",
            "reliability",
        ),
        "clip": ("ejection_of_clip", "findings_of_clip", "told_measurements"),
        "rates": ("Rate", "auroc", "wilson"),
        "suspicion": ("FrameSuspicion", "can_show", "suspicions"),
        "tracker": ("TrackedFindings", "follow"),
        "votes": ("ClipVote", "vote"),
        "wording": ("crossing_probability", "measured_finding"),
    },
)
