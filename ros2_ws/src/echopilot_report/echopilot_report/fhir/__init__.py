"""The exam as a FHIR R4B bundle."""

from echopilot_report.fhir.bundle import bundle_json

__all__ = ["bundle_json"]
