"""The report says what was not calibrated, and is silent where it was or where nobody said."""

from pathlib import Path

import pytest

from echopilot_core import ExamPhase
from echopilot_exam.record import ExamRecord, RecordHeader
from echopilot_report.content.content import not_seen


def record(probe: str, time: str) -> ExamRecord:
    header = RecordHeader("P", "aorta", "", probe_calibration=probe, time_calibration=time)
    return ExamRecord(Path("."), header, 0, 1, ExamPhase.DONE, True, "", (), (), (), (), ())


@pytest.mark.parametrize(
    ("probe", "time", "told"),
    [
        ("not calibrated", "simulated, exact", ["Probe: not calibrated"]),
        ("not calibrated", "not calibrated", ["Probe: not calibrated", "Delay of the images: not calibrated"]),
        ("2026-11-27T12:00:00+00:00, SHA-256 0123456789ab", "simulated, exact", []),
        ("", "", []),
    ],
)
def test_what_is_not_calibrated_stands_first(probe: str, time: str, told: list[str]) -> None:
    lines = [line for line in not_seen(record(probe, time)) if "calibrated" in line]
    assert [line.split(".")[0] for line in lines] == told
