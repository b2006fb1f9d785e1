"""DICOM objects without the patient: tags by an allow-list, text in pictures blanked, new identifiers."""

from echopilot_report.deidentify.folder import Deidentified, deidentify_folder

__all__ = ["Deidentified", "deidentify_folder"]
