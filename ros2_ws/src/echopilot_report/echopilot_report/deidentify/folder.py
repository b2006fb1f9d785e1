"""De-identification of a folder of DICOM files."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydicom import config, dcmread
from pydicom.filereader import read_file_meta_info
from pydicom.misc import is_dicom
from pydicom.uid import DeflatedExplicitVRLittleEndian

from echopilot_core import EchoPilotError
from echopilot_report.deidentify.clean import cleaned
from echopilot_report.deidentify.names import NewNames
from echopilot_report.deidentify.pixels import CannotCleanError

MAX_BYTES = 3_000_000_000


def check_plain(path: Path) -> None:
    """CannotCleanError for a deflated file, which could unpack without limit, and for one that is too large."""
    meta = read_file_meta_info(path)
    if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        raise CannotCleanError("deflated DICOM files are not read")
    if path.stat().st_size > MAX_BYTES:
        raise CannotCleanError(f"larger than {MAX_BYTES // 10**9} GB")


@contextmanager
def _silent() -> Iterator[None]:
    """Suppress warnings and logs of pydicom, which would show the values."""
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
    """Number of written objects, and the omitted ones with their reasons."""

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
                check_plain(path)
                data = dcmread(path)
                data.filename = None
                clean = cleaned(data, names)
                partial = target / f".{clean.SOPInstanceUID}.part"
                try:
                    clean.save_as(partial, enforce_file_format=True)
                    partial.replace(target / f"{clean.SOPInstanceUID}.dcm")
                finally:
                    partial.unlink(missing_ok=True)
            written += 1
        except CannotCleanError as error:
            refused.append(f"{path.name}: {error}")
        except Exception as error:  # pydicom and its decoders raise every kind for damaged files
            refused.append(f"{path.name}: cannot be read ({type(error).__name__})")
    return Deidentified(written, tuple(refused))
