"""What an exam may trust of the calibrations: files checked before it begins, said in its record."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from echopilot_control.calibration.record import KINDS, CalibrationRecord, read_record
from echopilot_core import EchoPilotError
from echopilot_exam.record.model import NOT_CALIBRATED

__all__ = ["NOT_CALIBRATED", "SIMULATED", "Calibrations", "check_calibrations"]

SIMULATED = "simulated"
"""In place of a folder: the simulator knows where its picture is and how late it comes, exactly."""

MOST_AGE = timedelta(days=365)


@dataclass(frozen=True)
class Calibrations:
    """One line on each calibration for the record, and the files that go into it."""

    probe: str
    time: str
    files: tuple[Path, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What people have to be told: an exam may go on without, but not in silence."""
        told = (("probe", self.probe), ("time", self.time))
        return tuple(f"{kind} {NOT_CALIBRATED}" for kind, line in told if line == NOT_CALIBRATED)


def check_calibrations(source: str, now: datetime) -> Calibrations:
    """Check probe.json and time.json in the folder `source`; "simulated" stands for exact ones.

    A file that is missing is a warning. One that was changed, is too old (a year, or its own `valid_days`), of another
    kind or from the future raises EchoPilotError with one line: a wrong number is worse than none.
    """
    if source == SIMULATED:
        return Calibrations(f"{SIMULATED}, exact", f"{SIMULATED}, exact")
    if not source:
        raise EchoPilotError(f"calibration is empty; give a folder with probe.json and time.json, or '{SIMULATED}'")
    paths = {kind: Path(source) / f"{kind}.json" for kind in KINDS}
    lines = {kind: _line(path, kind, now) for kind, path in paths.items()}
    there = tuple(path for kind, path in paths.items() if lines[kind] != NOT_CALIBRATED)
    return Calibrations(lines["probe"], lines["time"], there)


def _line(path: Path, kind: str, now: datetime) -> str:
    if not path.exists():
        return NOT_CALIBRATED
    record = read_record(path, kind, now, MOST_AGE)
    days = own_limit_days(record)
    if days is not None and now - datetime.fromisoformat(record.made_utc) > timedelta(days=days):
        raise EchoPilotError(f"{path.name}: older than the {days:g} days for which it is good; calibrate again")
    return f"{record.made_utc}, SHA-256 {record.sha256()[:12]}"


def own_limit_days(record: CalibrationRecord) -> float | None:
    """How many days the record itself says that it is good for, or None where it says nothing."""
    days = record.values.get("valid_days")
    if days is None:
        return None
    if isinstance(days, bool) or not isinstance(days, int | float) or not days > 0.0:
        raise EchoPilotError(f"calibration of kind {record.kind}: valid_days must be a number above 0")
    return float(days)
