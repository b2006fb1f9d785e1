"""The exam as DICOM objects, and their transfer to an archive."""
