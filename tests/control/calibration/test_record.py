"""Calibration files: what is written is read; changed, old, future, foreign and broken ones are refused in one line."""

import json
from datetime import datetime, timedelta, timezone

import pytest

from echopilot_control.calibration import check_record, read_record, write_record
from echopilot_control.calibration.record import make_record
from echopilot_core import EchoPilotError

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
MONTH = timedelta(days=30)


@pytest.fixture
def written(tmp_path):
    recording = tmp_path / "recording.mha"
    recording.write_bytes(b"images")
    record = make_record("probe", NOW, [recording], {"spacing_m_px": [1e-4, 2e-4]}, {"in_plane_rms_mm": 0.4})
    path = tmp_path / "deep" / "probe.json"
    write_record(record, path)
    return record, path


def refused(path, match, kind="probe", now=NOW):
    with pytest.raises(EchoPilotError, match=match) as told:
        read_record(path, kind, now, MONTH)
    assert path.name in str(told.value) and "\n" not in str(told.value)


def test_what_was_written_is_read(written):
    record, path = written
    assert read_record(path, "probe", NOW + MONTH, MONTH) == record
    assert len(record.inputs["recording.mha"]) == 64
    assert [p.name for p in path.parent.iterdir()] == ["probe.json"]


def test_the_order_of_keys_does_not_matter(written):
    record, path = written
    told = json.loads(path.read_text())
    assert check_record(json.dumps(dict(reversed(told.items()))), "probe", NOW, MONTH) == record


@pytest.mark.parametrize(("old", "new"), [("0.0001", "0.0002"), ("2026-03-01", "2026-03-02"), ("probe", "time")])
def test_any_change_is_noticed(written, old, new):
    _, path = written
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    refused(path, "changed")


def test_old_future_and_foreign_files_are_refused(written):
    _, path = written
    refused(path, r"30\.1 days old; at most 30", now=NOW + MONTH + timedelta(hours=2))
    refused(path, "future", now=NOW - timedelta(hours=1))
    refused(path, "of kind 'time'", kind="time")
    refused(path, "one of probe, time", kind="force")


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "not json", '{"sha256": "x"}', "[" * 100_000, '{"kind": 1}'])
def test_what_is_no_calibration_is_refused(tmp_path, text):
    path = tmp_path / "odd.json"
    path.write_text(text)
    refused(path, "not a calibration")


def test_a_missing_file_and_bytes_are_refused(tmp_path):
    refused(tmp_path / "none.json", "no calibration")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    refused(tmp_path / "bytes.json", "no calibration")
