"""The exam as DICOM objects, and their way to an archive."""
