"""The record: complete at every moment, survives being cut anywhere, and says clearly when it cannot be written."""

import json
import math
import random
from pathlib import Path

import numpy as np
import pytest
from made_record import write_exam

from echopilot_core import EchoPilotError, GateStatus, Measurement, View
from echopilot_core import MeasurementName as Name
from echopilot_exam.machine.machine import ExamPhase
from echopilot_exam.protocol.protocol import load_protocol
from echopilot_exam.record import RecordHeader, RecordWriter, read_exam
from echopilot_exam.record.codec import plain, restore


@pytest.fixture(scope="module")
def full_exam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exam") / "record"
    write_exam(folder)
    return folder


def test_whole_exam_reads_back(full_exam: Path) -> None:
    record = read_exam(full_exam)
    assert record.complete and record.state is ExamPhase.DONE and record.damaged == ()
    assert record.header.patient_id == "P-0001" and record.header.model_sha256 == "ab" * 32
    assert [r.accepted for r in record.results] == [True, True, True]
    names = {m.name for m in record.measurements}
    assert {
        Name.AORTA_OUTER_AP,
        Name.AORTA_MAX_OUTER_AP,
        Name.EF_SINGLE_PLANE_A4C,
        Name.LV_EDV_A4C,
        Name.LV_ESV_A4C,
    } <= names
    assert all(m.frame_sequences and math.isfinite(m.value) for m in record.measurements)
    assert record.series[0].name is Name.LV_VOLUME
    assert {k.reason for k in record.keyframes} == {"end-diastole", "end-systole", "best frame", "along the sweep"}
    assert all(k.label_map is not None and k.image_path.is_file() for k in record.keyframes)
    assert len(record.trace) > 300
    assert [e.state for e in record.events][:2] == [ExamPhase.IDLE, ExamPhase.PREPARE]


def test_numbers_point_to_frames_that_were_seen(full_exam: Path) -> None:
    record = read_exam(full_exam)
    seen = {s.sequence for s in record.perception}
    for measurement in record.measurements:
        assert set(measurement.frame_sequences) <= seen


def test_widest_station_has_a_picture(full_exam: Path) -> None:
    record = read_exam(full_exam)
    widest = next(m for m in record.measurements if m.name is Name.AORTA_MAX_OUTER_AP)
    assert {k.sequence for k in record.keyframes} & set(widest.frame_sequences)


def test_no_truth_and_no_nan_in_the_files(full_exam: Path) -> None:
    for path in [*full_exam.glob("*.json*"), *(full_exam / "keyframes").glob("*.json")]:
        text = path.read_text().lower()
        assert "truth" not in text and "nan" not in text and "infinity" not in text


@pytest.mark.parametrize("ticks", [1, 40, 150, 400])
def test_exam_that_dies_anywhere_leaves_a_readable_record(tmp_path: Path, ticks: int) -> None:
    folder = tmp_path / "record"
    write_exam(folder, ticks=ticks)
    record = read_exam(folder)
    assert not record.complete
    assert len(record.trace) == ticks


@pytest.mark.parametrize("name", ["seen.jsonl", "control.jsonl", "events.jsonl"])
def test_line_cut_in_the_middle_costs_only_that_line(full_exam: Path, tmp_path: Path, name: str) -> None:
    import shutil

    folder = tmp_path / "record"
    shutil.copytree(full_exam, folder)
    whole = read_exam(folder)
    path = folder / name
    data = path.read_bytes()
    last_line = data.rstrip(b"\n").rfind(b"\n") + 1
    rng = random.Random(3)
    for cut in rng.sample(range(last_line + 1, len(data) - 1), 5):
        path.write_bytes(data[:cut])
        record = read_exam(folder)
        assert record.measurements == whole.measurements
        assert len(record.damaged) == 1 and name in record.damaged[0]


def test_damaged_pictures_are_named_not_fatal(full_exam: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "record"
    shutil.copytree(full_exam, folder)
    paths = sorted((folder / "keyframes").glob("*.npz"))
    paths[0].write_bytes(paths[0].read_bytes()[:100])
    paths[1].unlink()
    sorted((folder / "keyframes").glob("*.json"))[2].write_bytes(b"{")
    assert len(read_exam(folder).damaged) == 3


def test_broken_or_foreign_exam_json_is_one_clear_line(full_exam: Path, tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match="no exam record"):
        read_exam(tmp_path)
    data = (full_exam / "exam.json").read_bytes()
    (tmp_path / "exam.json").write_bytes(data[: len(data) // 2])
    with pytest.raises(EchoPilotError, match="not a whole exam record"):
        read_exam(tmp_path)
    document = json.loads(data) | {"schema": 99}
    (tmp_path / "exam.json").write_text(json.dumps(document))
    with pytest.raises(EchoPilotError, match="schema 99"):
        read_exam(tmp_path)


def test_folder_with_an_exam_is_not_written_over(full_exam: Path) -> None:
    plan = load_protocol("full")
    with pytest.raises(EchoPilotError, match="already holds an exam"):
        RecordWriter(full_exam, plan, RecordHeader("P", plan.name, plan.sha256))


def test_measurement_survives_json() -> None:
    measurement = Measurement(Name.LV_VOLUME, 1.5, "m", 0.1, View.A4C, gate=GateStatus.PASSED, frame_sequences=(3, 4))
    back = restore(Measurement, json.loads(json.dumps(plain(measurement))))
    assert math.isnan(back.station_m)
    assert plain(back) == plain(measurement)
    assert back.name is Name.LV_VOLUME and plain(measurement)["name"] == "lv_volume"


def test_pose_in_the_trace_is_the_robots(full_exam: Path) -> None:
    trace = read_exam(full_exam).trace
    assert np.allclose(trace[0].T_base_probe[:3, 3], [0.5, 0.0, 0.2])
    assert trace[-1].phase is ExamPhase.DONE
