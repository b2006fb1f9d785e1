"""Clinical reading: measured numbers sorted by named, versioned reference sets. Suspicions for review."""

from echopilot_report.reading.facts import UNKNOWN, PatientFacts, Sex, body_surface_m2
from echopilot_report.reading.grade import read_measurement
from echopilot_report.reading.loader import load_set, set_names
from echopilot_report.reading.model import Reading
from echopilot_report.reading.overview import DEFAULT_SETS, default_sets, not_graded, not_measured, read_all
from echopilot_report.reading.reference import ReferenceSet

__all__ = [
    "DEFAULT_SETS",
    "UNKNOWN",
    "PatientFacts",
    "Reading",
    "ReferenceSet",
    "Sex",
    "body_surface_m2",
    "default_sets",
    "load_set",
    "not_graded",
    "not_measured",
    "read_all",
    "read_measurement",
    "set_names",
]
