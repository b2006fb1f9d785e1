"""Results of a calibration as a dated, hashed file, and the check that an exam makes before it trusts one.

The hash finds damage and edits by accident. It is no signature: who edits on purpose can hash again.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import InputFileError, one_line, read_text
from echopilot_core.guarded.json_input import parse_json, read_json

KINDS = ("probe", "time", "tool")
FORMAT = 1
_CLOCK_SLACK = timedelta(minutes=1)


@dataclass(frozen=True)
class CalibrationRecord:
    """What was found (`values`, SI units), how well (`residuals`), when, and from which files (name: SHA-256)."""

    kind: str
    made_utc: str
    inputs: Mapping[str, str]
    values: Mapping[str, Any]
    residuals: Mapping[str, Any]
    format: int = FORMAT

    def sha256(self) -> str:
        """SHA-256 over all fields, as JSON with sorted keys and without spaces."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def make_record(
    kind: str, now: datetime, inputs: list[Path], values: Mapping[str, Any], residuals: Mapping[str, Any]
) -> CalibrationRecord:
    """A record dated `now` that carries the hash of every input file."""
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in inputs}
    made = now.astimezone(timezone.utc).isoformat(timespec="seconds")
    return CalibrationRecord(kind, made, hashes, dict(values), dict(residuals))


def check_name(path: Path) -> None:
    """Raise EchoPilotError unless a record may be written under this name."""
    if path.suffix != ".json" or path.is_dir():
        raise EchoPilotError(f"{path.name}: a calibration is written to a file whose name ends in .json")
    if path.exists() and not _is_calibration(path):
        raise EchoPilotError(f"{path} exists and is no calibration; give another name")


def _is_calibration(path: Path) -> bool:
    try:
        document = read_json(path)
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and {"kind", "sha256"} <= set(document)


def write_record(record: CalibrationRecord, path: Path) -> None:
    """Write the record with its hash; the file is never half-written."""
    check_name(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps({**asdict(record), "sha256": record.sha256()}, indent=2) + "\n", encoding="utf-8")
    part.replace(path)


def read_record(path: Path, kind: str, now: datetime, most_age: timedelta) -> CalibrationRecord:
    """Read and check a file; raises EchoPilotError with one line that names it."""
    try:
        text = read_text(path, where="no calibration can be read here")
        return check_record(text, kind, now, most_age)
    except FileNotFoundError as error:
        raise EchoPilotError(f"{path.name}: no calibration can be read here: there is no such file") from error
    except EchoPilotError as error:
        raise EchoPilotError(f"{path.name}: {error}") from error


def check_record(text: str, kind: str, now: datetime, most_age: timedelta) -> CalibrationRecord:
    """The record in `text` if it is of `kind`, unchanged since it was written, and at most `most_age` old."""
    if kind not in KINDS:
        raise EchoPilotError(f"a calibration is one of {', '.join(KINDS)}, not {kind!a}")
    try:
        data = parse_json(text, "not a calibration file")
        stored = data.pop("sha256")
        record = CalibrationRecord(**data)
        made = datetime.fromisoformat(record.made_utc)
        age = now - made
        unchanged = record.sha256() == stored
    except InputFileError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise EchoPilotError(f"not a calibration file ({type(error).__name__})") from error
    if not all(isinstance(part, dict) for part in (record.inputs, record.values, record.residuals)):
        raise EchoPilotError("not a calibration file (inputs, values and residuals must be mappings)")
    if not unchanged:
        raise EchoPilotError("the file was changed after it was written (its SHA-256 differs); calibrate again")
    if record.kind != kind or record.format != FORMAT:
        raise EchoPilotError(
            f"a calibration of kind {kind!a}, format {FORMAT}, is needed; "
            f"this is {one_line(record.kind, 40)!a}, {one_line(record.format, 40)}"
        )
    if age < -_CLOCK_SLACK:
        raise EchoPilotError(f"dated {record.made_utc}, in the future; set the clock or calibrate again")
    if age > most_age:
        raise EchoPilotError(
            f"{age.total_seconds() / 86400:.1f} days old; at most {most_age.total_seconds() / 86400:g} are allowed; "
            "calibrate again"
        )
    return record
