"""An exam trusts a calibration only as it was written and while it is fresh; without one it says so."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from echopilot_control.calibration.record import make_record, write_record
from echopilot_core import EchoPilotError
from echopilot_exam.calibration import NOT_CALIBRATED, check_calibrations

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=timezone.utc)


def write(folder: Path, kind: str, days_ago: float, **values: object) -> Path:
    path = folder / f"{kind}.json"
    write_record(make_record(kind, NOW - timedelta(days=days_ago), [], values, {}), path)
    return path


def test_fresh_files_are_named_with_date_and_hash(tmp_path: Path) -> None:
    files = write(tmp_path, "probe", 300.0), write(tmp_path, "time", 1.0)
    found = check_calibrations(str(tmp_path), NOW)
    assert found.files == files and not found.warnings
    assert found.probe.startswith("2026-01-31T") and json.loads(files[0].read_text())["sha256"][:12] in found.probe


def test_missing_files_are_a_warning(tmp_path: Path) -> None:
    write(tmp_path, "time", 1.0)
    found = check_calibrations(str(tmp_path), NOW)
    assert found.probe == NOT_CALIBRATED and found.warnings == ("probe not calibrated",)
    assert len(check_calibrations(str(tmp_path / "nowhere"), NOW).warnings) == 2


def test_the_simulator_is_exact_and_said_to_be_simulated() -> None:
    found = check_calibrations("simulated", NOW)
    assert "simulated" in found.probe and "simulated" in found.time and not found.warnings


@pytest.mark.parametrize(
    ("days_ago", "values", "word"),
    [
        (366.0, {}, "days old"),
        (31.0, {"valid_days": 30}, "older than its validity of 30 days"),
        (1.0, {"valid_days": "long"}, "valid_days"),
        (-1.0, {}, "future"),
    ],
)
def test_old_files_are_refused_in_one_line(
    tmp_path: Path, days_ago: float, values: dict[str, object], word: str
) -> None:
    write(tmp_path, "probe", days_ago, **values)
    with pytest.raises(EchoPilotError, match=word) as error:
        check_calibrations(str(tmp_path), NOW)
    assert "\n" not in str(error.value)


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "probe", 1.0, spacing_m_px=0.0001)
    path.write_text(path.read_text().replace("0.0001", "0.0002"))
    with pytest.raises(EchoPilotError, match=r"probe.json: .*changed"):
        check_calibrations(str(tmp_path), NOW)


def test_an_empty_setting_is_no_calibration() -> None:
    with pytest.raises(EchoPilotError, match="simulated"):
        check_calibrations("", NOW)
