"""Date and time at which a DICOM file says that its images were acquired."""

from datetime import datetime
from pathlib import Path

from pydicom import Dataset

from echopilot_core import EchoPilotError
from echopilot_perception.frames.readers.dicom.file import load, one_line_errors

DATES = (
    ("AcquisitionDate", "AcquisitionTime"),
    ("ContentDate", "ContentTime"),
    ("StudyDate", "StudyTime"),
)
_SECONDS = "%Y%m%d%H%M%S"


def acquired_at(path: Path) -> datetime | None:
    """Date and time of acquisition, else of content, else of the study, to the second and without a time zone.

    None where the file gives none that is whole, or cannot be read.
    """
    try:
        with one_line_errors(path.name):
            header = load(path, pixels=False)
            found = [_parsed(str(header.get("AcquisitionDateTime", "") or "")), *(_of(header, *row) for row in DATES)]
    except (EchoPilotError, OSError):
        return None
    return next((at for at in found if at is not None), None)


def _of(header: Dataset, date: str, time: str) -> datetime | None:
    """From a date and a time of day; midnight where the time is missing."""
    day, clock = (str(header.get(key, "") or "") for key in (date, time))
    return _parsed(day + (clock or "000000"))


def _parsed(digits: str) -> datetime | None:
    try:
        return datetime.strptime(digits.partition(".")[0][:14].ljust(14, "0"), _SECONDS)
    except ValueError:
        return None
