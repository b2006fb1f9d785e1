"""A folder of DICOM files without the patient."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydicom import config, dcmread
from pydicom.errors import InvalidDicomError
from pydicom.misc import is_dicom

from echopilot_core import EchoPilotError
from echopilot_report.deidentify.clean import cleaned
from echopilot_report.deidentify.names import NewNames
from echopilot_report.deidentify.pixels import CannotCleanError


@contextmanager
def _silent() -> Iterator[None]:
    """No warnings and no log of pydicom's: they would show the values."""
    logger = logging.getLogger("pydicom")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with config.disable_value_validation(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


@dataclass(frozen=True)
class Deidentified:
    """How many objects were written, and which were left out and why."""

    written: int
    refused: tuple[str, ...]


def deidentify_folder(source: Path, target: Path, say: Callable[[str], None] = lambda _: None) -> Deidentified:
    """Clean every DICOM file under `source` into `target`, named by its new identifier; other files are not copied.

    The same old identifier gets the same new one within a call. Raises EchoPilotError when there is nothing to clean,
    or `target` holds something.
    """
    files = [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())
    files = [path for path in files if is_dicom(path)]
    if not files:
        raise EchoPilotError(f"{source} holds no DICOM files")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise EchoPilotError(f"{target} must be a new or an empty folder")
    target.mkdir(parents=True, exist_ok=True)
    names, written, refused = NewNames(), 0, []
    for number, path in enumerate(files, 1):
        say(f"{number} of {len(files)}")
        try:
            with _silent():
                data = dcmread(path)
                data.filename = None
                clean = cleaned(data, names)
                clean.save_as(target / f"{clean.SOPInstanceUID}.dcm", enforce_file_format=True)
            written += 1
        except CannotCleanError as error:
            refused.append(f"{path.name}: {error}")
        except (InvalidDicomError, AttributeError, KeyError, TypeError, ValueError, EOFError) as error:
            refused.append(f"{path.name}: cannot be read ({type(error).__name__})")
    return Deidentified(written, tuple(refused))
