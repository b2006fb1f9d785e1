"""The record's files follow their schema; older and newer versions read them; clips and configuration are whole."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exam_world import World
from made_record import LANDMARKS, write_exam

from echopilot_core import EchoPilotError, GateStatus
from echopilot_exam.machine.machine import ExamMachine
from echopilot_exam.protocol.protocol import load_protocol
from echopilot_exam.record import RecordHeader, RecordWriter, read_exam
from echopilot_exam.record.model import landmarks_document
from echopilot_exam.record.schema import SCHEMA_FILE, record_schema, schema_text
from echopilot_exam.record.software import code_sha256, config_sha256

ONE_VIEW = """
title: One view
steps:
  - {view: A4C, kind: acquire, preset: cardiac, force_n: 5.0, timeout_s: 8, beats: 1, gate: A4C}
"""


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exam")
    (folder / "one_view.yaml").write_text(ONE_VIEW)
    write_exam(folder / "record", str(folder / "one_view.yaml"))
    return folder / "record"


def validator(name: str = "") -> Any:
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema (make test installs it)")
    schema = record_schema()
    if name:
        schema = {"$defs": schema["$defs"], **schema["$defs"][name]}
    return jsonschema.Draft202012Validator(schema)


def test_shipped_schema_is_that_of_the_code(exam: Path) -> None:
    assert SCHEMA_FILE.read_text() == schema_text(), "write it again: see the first lines of record/schema.py"
    assert (exam / "exam.schema.json").read_text() == schema_text()


def test_every_file_of_a_record_follows_the_schema(exam: Path) -> None:
    validator().validate(json.loads((exam / "exam.json").read_bytes()))
    for name in ("seen.jsonl", "control.jsonl", "events.jsonl"):
        check = validator(name)
        lines = (exam / name).read_text().splitlines()
        assert lines
        for line in lines:
            check.validate(json.loads(line))
    for pattern in ("keyframes/*.json", "clips/*/clip.json"):
        paths = list(exam.glob(pattern))
        assert paths
        for path in paths:
            validator(pattern).validate(json.loads(path.read_bytes()))


@pytest.mark.parametrize(("key", "value"), [("header", None), ("measurements", [{"name": 3}]), ("schema", 2)])
def test_schema_refuses_what_is_no_record(exam: Path, key: str, value: Any) -> None:
    document = json.loads((exam / "exam.json").read_bytes()) | {key: value}
    assert not validator().is_valid(document)


def rewritten(exam: Path, folder: Path, **changes: Any) -> Path:
    (folder / "exam.json").write_text(json.dumps(json.loads((exam / "exam.json").read_bytes()) | changes))
    return folder


def test_additions_of_a_newer_version_are_passed_over(exam: Path, tmp_path: Path) -> None:
    document = json.loads((exam / "exam.json").read_bytes())
    header = document["header"] | {"shoe_size": 44}
    unknown = document["measurements"][0] | {"view": "PARASTERNAL_SHORT_AXIS_OF_THE_FUTURE"}
    known = document["measurements"][0] | {"color": "blue"}
    unnamed = document["measurements"][0] | {"name": "aorta_of_the_future"}
    rows = [known, unknown, unnamed]
    changes = {"measurements": rows, "state": "BIOPSY", "moon_phase": 0.5}
    record = read_exam(rewritten(exam, tmp_path, revision=99, header=header, **changes))
    assert record.header.patient_id == "P-0001"
    assert record.measurements == read_exam(exam).measurements[:1]
    assert any("measurements[1] is not understood" in line for line in record.damaged)
    assert record.state is None and any("unknown state of an exam 'BIOPSY'" in line for line in record.damaged)
    (message,) = (line for line in record.damaged if "measurements[2] is not understood" in line)
    assert "unknown measurement 'aorta_of_the_future'; valid: aorta_outer_ap, " in message and "\n" not in message


def test_records_of_an_older_version_are_read_with_defaults(exam: Path, tmp_path: Path) -> None:
    header = {key: "x" for key in ("patient_id", "protocol", "protocol_sha256")}
    record = read_exam(rewritten(exam, tmp_path, header=header))
    assert record.header.code_sha256 == "" and record.clips == () and record.measurements
    assert read_exam(rewritten(exam, tmp_path, landmarks=None)).landmarks is None


def test_landmarks_are_kept_and_those_that_are_no_place_are_not(exam: Path) -> None:
    landmarks = read_exam(exam).landmarks
    assert landmarks is not None and landmarks.stamp_ns == LANDMARKS.stamp_ns
    for name in ("notch_m", "xiphoid_m", "navel_m"):
        assert np.array_equal(getattr(landmarks, name), getattr(LANDMARKS, name))
    assert landmarks_document(replace(LANDMARKS, navel_m=np.array([0.5, np.nan, 0.2]))) is None


def test_schema_that_would_be_misread_is_refused_with_advice(exam: Path, tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match="schema 2; this version reads 1: use the EchoPilot that wrote it"):
        read_exam(rewritten(exam, tmp_path, schema=2))


def test_header_names_code_protocol_and_configuration(exam: Path) -> None:
    header = read_exam(exam).header
    config = {path.name: path.read_bytes() for path in (exam / "config").iterdir()}
    assert set(config) == {"limits.json", "protocol.yaml"}
    assert header.config_sha256 == config_sha256(config) != config_sha256(config | {"limits.json": b""})
    assert header.code_sha256 == code_sha256() and len(header.code_sha256) == 64
    assert b"A4C" in config["protocol.yaml"] and b"trip_force_n" in config["limits.json"]


def test_clip_holds_every_frame_of_the_recording_with_its_mask(exam: Path) -> None:
    record = read_exam(exam)
    clip = next(c for c in record.clips if c.view.name == "A4C")
    sequences = [frame.sequence for frame in clip.frames]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))
    result = next(r for r in record.results if r.view is clip.view)
    assert set(result.frame_sequences) <= set(sequences)
    key = next(k for k in record.keyframes if k.sequence in sequences and k.label_map is not None)
    frame = clip.frames[sequences.index(key.sequence)]
    assert frame.image_path.read_bytes() == key.image_path.read_bytes()
    assert np.array_equal(clip.label_map(frame).labels, key.label_map.labels)
    assert replace(clip.label_map(frame), labels=key.label_map.labels) == key.label_map
    assert clip.image(frame).shape == (320, 320)


def test_clip_without_a_picture_is_named_not_fatal(exam: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "record"
    shutil.copytree(exam, folder)
    image = sorted(folder.glob("clips/*/*.png"))[0]
    os.unlink(image)
    record = read_exam(folder)
    assert any(f"1 frame(s) are missing: {int(image.stem)}" in line for line in record.damaged)


@pytest.mark.parametrize("fault", ["low quality", "view not found"])
def test_record_of_a_bad_exam_holds_no_number_that_may_leave_but_a_reason(tmp_path: Path, fault: str) -> None:
    protocol = tmp_path / "one_view.yaml"
    protocol.write_text(ONE_VIEW)
    plan = load_protocol(str(protocol))
    world = World(ExamMachine(plan, "P"))
    world.good, world.found = fault != "low quality", fault != "view not found"
    writer = RecordWriter(tmp_path / "record", plan, RecordHeader("P", plan.name, plan.sha256))
    done = False
    while not done and world.now_ns < 200e9:
        output = world.tick()
        assert world.last_inputs is not None
        writer.tick(world.last_inputs, output)
        done = output.done
    record = read_exam(tmp_path / "record")
    assert done and record.damaged == ()
    assert [m for m in record.measurements if m.gate is GateStatus.PASSED] == []
    assert [(r.accepted, bool(r.detail)) for r in record.results] == [(False, True)]
    validator().validate(json.loads((tmp_path / "record" / "exam.json").read_bytes()))
