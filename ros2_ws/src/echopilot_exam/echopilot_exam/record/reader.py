"""Reads an exam record back, also one that was cut off in the middle of a write."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from echopilot_core import EchoPilotError, Finding, LabelMap, Measurement, ProbeGeometry, SectorBox, View
from echopilot_exam.record.body import read_landmarks
from echopilot_exam.record.clips import read_clips
from echopilot_exam.record.codec import restore
from echopilot_exam.record.files import read_lines
from echopilot_exam.record.model import (
    SCHEMA_VERSION,
    Event,
    ExamRecord,
    KeyFrameRecord,
    RecordHeader,
    SeenSample,
    TraceSample,
)
from echopilot_exam.record.pictures import read_labels
from echopilot_exam.states import Series, StepResult

T = TypeVar("T")

_BAD = (ValueError, KeyError, TypeError, AttributeError, OSError, EOFError)


def read_exam(folder: Path) -> ExamRecord:
    """All that is readable of an exam folder; raises EchoPilotError when it is none or of another schema.

    Additions of newer versions are passed over, what older ones did not write takes its default, and a row with a word
    that this version does not know is named in `damaged`.
    """
    path = folder / "exam.json"
    if not path.is_file():
        raise EchoPilotError(f"{folder} holds no exam record (exam.json is missing)")
    try:
        document = json.loads(path.read_bytes())
        schema = document["schema"]
    except _BAD as error:
        raise EchoPilotError(f"{path} is not a whole exam record: {error}") from error
    if schema != SCHEMA_VERSION:
        raise EchoPilotError(
            f"{path} has schema {schema}; this version reads {SCHEMA_VERSION}: use the EchoPilot that wrote it"
        )
    damaged: list[str] = []
    try:
        return ExamRecord(
            folder=folder,
            header=restore(RecordHeader, document["header"]),
            started_ns=int(document["started_ns"]),
            updated_ns=int(document["updated_ns"]),
            state=str(document["state"]),
            complete=bool(document["complete"]),
            message=str(document["message"]),
            steps=tuple(str(step) for step in document["steps"]),
            results=_rows(document, "results", StepResult, damaged),
            measurements=_rows(document, "measurements", Measurement, damaged),
            findings=_rows(document, "findings", Finding, damaged),
            series=_rows(document, "series", Series, damaged),
            trace=_lines(folder / "control.jsonl", _trace, damaged),
            seen=_lines(folder / "seen.jsonl", lambda raw: restore(SeenSample, raw), damaged),
            events=_lines(folder / "events.jsonl", lambda raw: restore(Event, raw), damaged),
            keyframes=_keyframes(folder / "keyframes", damaged),
            clips=read_clips(folder / "clips", damaged),
            landmarks=read_landmarks(document.get("landmarks")),
            damaged=tuple(damaged),
        )
    except _BAD as error:
        raise EchoPilotError(f"{path} is damaged: {type(error).__name__} {error}") from error


def _rows(document: dict[str, Any], key: str, cls: type[T], damaged: list[str]) -> tuple[T, ...]:
    result: list[T] = []
    for number, raw in enumerate(document[key]):
        try:
            result.append(restore(cls, raw))
        except _BAD as error:
            damaged.append(f"exam.json: {key}[{number}] is not understood ({type(error).__name__} {error})")
    return tuple(result)


def _lines(path: Path, parse: Callable[[Any], T], damaged: list[str]) -> tuple[T, ...]:
    documents, complaint = read_lines(path)
    if complaint:
        damaged.append(complaint)
    result: list[T] = []
    bad = 0
    for document in documents:
        try:
            result.append(parse(document))
        except _BAD:
            bad += 1
    if bad:
        damaged.append(f"{path.name}: {bad} line(s) are incomplete")
    return tuple(result)


def _trace(raw: dict[str, Any]) -> TraceSample:
    T_base_probe = np.eye(4)
    T_base_probe[:3] = np.array([np.nan if x is None else float(x) for x in raw["pose"]]).reshape(3, 4)

    def number(key: str) -> float:
        value = raw[key]
        return float("nan") if value is None else float(value)

    return TraceSample(
        stamp_ns=int(raw["stamp_ns"]),
        tick=int(raw["tick"]),
        phase=str(raw["phase"]),
        contact_force_n=number("contact_force_n"),
        setpoint_n=number("setpoint_n"),
        soft_cap_n=number("soft_cap_n"),
        trip_force_n=number("trip_force_n"),
        view_score=number("view_score"),
        station_m=number("station_m"),
        T_base_probe=T_base_probe,
    )


def _keyframes(folder: Path, damaged: list[str]) -> tuple[KeyFrameRecord, ...]:
    result: list[KeyFrameRecord] = []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        try:
            raw = json.loads(path.read_bytes())
            image_path = path.with_suffix(".png")
            if not image_path.is_file():
                raise ValueError("picture is missing")
            result.append(
                KeyFrameRecord(
                    sequence=int(raw["sequence"]),
                    stamp_ns=int(raw["stamp_ns"]),
                    view=View[raw["view"]],
                    reason=str(raw["reason"]),
                    image_path=image_path,
                    geometry=restore(ProbeGeometry, raw["geometry"]),
                    sector=restore(SectorBox, raw["sector"]),
                    label_map=_labels(path.with_suffix(".npz"), damaged),
                    measurements=tuple(restore(Measurement, m) for m in raw["measurements"]),
                )
            )
        except _BAD as error:
            damaged.append(f"key frame {path.stem}: {error}")
    return tuple(result)


def _labels(path: Path, damaged: list[str]) -> LabelMap | None:
    try:
        return read_labels(path)
    except (*_BAD, zipfile.BadZipFile) as error:
        damaged.append(f"{path.name}: {error}")
        return None
