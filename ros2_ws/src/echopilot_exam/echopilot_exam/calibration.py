"""Checks of the calibration files of an exam before it begins, with one line on each for its record."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from echopilot_control.calibration.record import CalibrationRecord, read_record
from echopilot_core import EchoPilotError
from echopilot_exam.record.model import NOT_CALIBRATED

__all__ = ["NOT_CALIBRATED", "SIMULATED", "Calibrations", "check_calibrations"]

SIMULATED = "simulated"
"""In place of a folder: pose and latency of the simulator's images are exact."""

OF_IMAGES = ("probe", "time")
"""Kinds of calibration that an exam needs; that of the tool is the robot's."""

MAX_AGE = timedelta(days=365)


@dataclass(frozen=True)
class Calibrations:
    """One line on each calibration for the record, and the files that are kept in it."""

    probe: str
    time: str
    files: tuple[Path, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings for the operator: an exam may run without a calibration, but not unannounced."""
        lines = (("probe", self.probe), ("time", self.time))
        return tuple(f"{kind} {NOT_CALIBRATED}" for kind, line in lines if line == NOT_CALIBRATED)


def check_calibrations(source: str, now: datetime) -> Calibrations:
    """Check probe.json and time.json.

    Args:
        source: folder of the files, or "simulated" for exact calibrations.
        now: time of the exam.

    Returns:
        A line on each calibration; a missing file is a warning.

    Raises:
        EchoPilotError: for a file that was changed, is too old (a year, or its own `valid_days`), of another kind or
            from the future; a wrong calibration is worse than none.
    """
    if source == SIMULATED:
        return Calibrations(f"{SIMULATED}, exact", f"{SIMULATED}, exact")
    if not source:
        raise EchoPilotError(f"calibration is empty; give a folder with probe.json and time.json, or '{SIMULATED}'")
    paths = {kind: Path(source) / f"{kind}.json" for kind in OF_IMAGES}
    lines = {kind: _line(path, kind, now) for kind, path in paths.items()}
    there = tuple(path for kind, path in paths.items() if lines[kind] != NOT_CALIBRATED)
    return Calibrations(lines["probe"], lines["time"], there)


def _line(path: Path, kind: str, now: datetime) -> str:
    if not path.exists():
        return NOT_CALIBRATED
    record = read_record(path, kind, now, MAX_AGE)
    days = own_validity_days(record)
    if days is not None and now - datetime.fromisoformat(record.made_utc) > timedelta(days=days):
        raise EchoPilotError(f"{path.name}: older than its validity of {days:g} days; calibrate again")
    return f"{record.made_utc}, SHA-256 {record.sha256()[:12]}"


def own_validity_days(record: CalibrationRecord) -> float | None:
    """Validity [days] that the record itself states, or None."""
    days = record.values.get("valid_days")
    if days is None:
        return None
    if isinstance(days, bool) or not isinstance(days, int | float) or not days > 0.0:
        raise EchoPilotError(f"calibration of kind {record.kind}: valid_days must be a number above 0")
    return float(days)
