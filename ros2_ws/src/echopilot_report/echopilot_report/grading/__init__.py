"""Clinical grading: measurements classified by named, versioned reference sets. Suspicions for review."""

from echopilot_report.grading.facts import UNKNOWN, PatientFacts, Sex, body_surface_m2
from echopilot_report.grading.grade import grade_measurement
from echopilot_report.grading.loader import load_set, set_names
from echopilot_report.grading.model import Grade
from echopilot_report.grading.overview import DEFAULT_SETS, default_sets, grade_all, not_graded, not_measured
from echopilot_report.grading.reference import ReferenceSet

__all__ = [
    "DEFAULT_SETS",
    "UNKNOWN",
    "Grade",
    "PatientFacts",
    "ReferenceSet",
    "Sex",
    "body_surface_m2",
    "default_sets",
    "grade_all",
    "grade_measurement",
    "load_set",
    "not_graded",
    "not_measured",
    "set_names",
]
