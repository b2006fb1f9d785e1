"""De-identification of DICOM objects: allow-list of tags, blanked text in images, new identifiers."""

from echopilot_report.deidentify.folder import Deidentified, deidentify_folder

__all__ = ["Deidentified", "deidentify_folder"]
