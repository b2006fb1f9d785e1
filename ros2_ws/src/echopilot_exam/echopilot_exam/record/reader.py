"""Reader of exam records, complete or cut off during a write."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from echopilot_core import (
    BodyLandmarks,
    EchoPilotError,
    ExamPhase,
    Finding,
    LabelMap,
    Measurement,
    ProbeGeometry,
    SectorBox,
    Suspicion,
    View,
)
from echopilot_core.guarded.bounded import one_line
from echopilot_core.guarded.json_input import read_json
from echopilot_exam.machine.states import Series, StepResult
from echopilot_exam.record.clips import read_clips
from echopilot_exam.record.codec import BAD, number, restore, said, whole
from echopilot_exam.record.files import read_lines
from echopilot_exam.record.images import read_labels
from echopilot_exam.record.model import (
    SCHEMA_VERSION,
    Event,
    ExamRecord,
    KeyFrameRecord,
    PerceptionSample,
    RecordHeader,
    TraceSample,
    read_landmarks,
)
from echopilot_perception.frames.checks import check_geometry

T = TypeVar("T")


def read_exam(folder: Path) -> ExamRecord:
    """Read all readable contents of an exam folder.

    Additions of newer versions are ignored, values that older ones did not write take their defaults, and a row with a
    name unknown to this version is listed in `damaged`.

    Raises:
        EchoPilotError: when the folder holds no exam record or one of another schema.
    """
    path = folder / "exam.json"
    if not path.is_file():
        raise EchoPilotError(f"{folder} holds no exam record (exam.json is missing)")
    try:
        document = read_json(path, str(path))
        schema = document["schema"]
    except BAD as error:
        raise EchoPilotError(f"{path} is not a whole exam record: {said(error)}") from error
    if schema != SCHEMA_VERSION:
        raise EchoPilotError(
            f"{path} has schema {one_line(schema, 20)}; this version reads {SCHEMA_VERSION}: "
            "use the EchoPilot that wrote it"
        )
    damaged: list[str] = []
    try:
        return ExamRecord(
            folder=folder,
            header=restore(RecordHeader, document["header"]),
            started_ns=whole(document["started_ns"]),
            updated_ns=whole(document["updated_ns"]),
            state=_state(str(document["state"]), damaged),
            complete=bool(document["complete"]),
            message=str(document["message"]),
            steps=tuple(one_line(step) for step in document["steps"]),
            results=_rows(document, "results", StepResult, damaged),
            measurements=_rows(document, "measurements", Measurement, damaged),
            findings=_rows(document, "findings", Finding, damaged),
            series=_rows(document, "series", Series, damaged),
            trace=_lines(folder / "control.jsonl", _trace, damaged),
            perception=_lines(folder / "seen.jsonl", lambda raw: restore(PerceptionSample, raw), damaged),
            events=_lines(folder / "events.jsonl", lambda raw: restore(Event, raw), damaged),
            keyframes=_keyframes(folder / "keyframes", damaged),
            clips=read_clips(folder / "clips", damaged),
            landmarks=_landmarks(document.get("landmarks"), damaged),
            breaks=_breaks(document.get("lockstep"), damaged),
            suspicions=_rows({"suspicions": [], **document}, "suspicions", Suspicion, damaged),
            damaged=tuple(damaged),
        )
    except BAD as error:
        raise EchoPilotError(f"{path} is damaged: {said(error)}") from error


def _landmarks(document: Any, damaged: list[str]) -> BodyLandmarks | None:
    try:
        return read_landmarks(document)
    except BAD as error:
        damaged.append(f"exam.json: landmarks are not understood ({said(error)})")
        return None


def _breaks(document: Any, damaged: list[str]) -> dict[str, int]:
    try:
        return {str(node): int(n) for node, n in (document or {}).get("by_node", {}).items()}
    except BAD as error:
        damaged.append(f"exam.json: lockstep breaks are not understood ({said(error)})")
        return {}


def _state(name: str, damaged: list[str]) -> ExamPhase | None:
    try:
        return ExamPhase.named(name)
    except ValueError as error:
        damaged.append(f"exam.json: state is not understood ({one_line(error)})")
        return None


def _rows(document: dict[str, Any], key: str, cls: type[T], damaged: list[str]) -> tuple[T, ...]:
    result: list[T] = []
    for row, raw in enumerate(document[key]):
        try:
            result.append(restore(cls, raw))
        except BAD as error:
            damaged.append(f"exam.json: {key}[{row}] is not understood ({said(error)})")
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
        except BAD:
            bad += 1
    if bad:
        damaged.append(f"{path.name}: {bad} line(s) are incomplete")
    return tuple(result)


def _trace(raw: dict[str, Any]) -> TraceSample:
    T_base_probe = np.eye(4)
    T_base_probe[:3] = np.array([np.nan if x is None else number(x) for x in raw["pose"]]).reshape(3, 4)

    def of(key: str) -> float:
        return float("nan") if raw[key] is None else number(raw[key])

    return TraceSample(
        stamp_ns=whole(raw["stamp_ns"]),
        tick=whole(raw["tick"]),
        phase=ExamPhase.named(raw["phase"]),
        contact_force_n=of("contact_force_n"),
        setpoint_n=of("setpoint_n"),
        soft_cap_n=of("soft_cap_n"),
        trip_force_n=of("trip_force_n"),
        view_score=of("view_score"),
        station_m=of("station_m"),
        T_base_probe=T_base_probe,
    )


def _keyframes(folder: Path, damaged: list[str]) -> tuple[KeyFrameRecord, ...]:
    result: list[KeyFrameRecord] = []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        try:
            raw = read_json(path)
            image_path = path.with_suffix(".png")
            if not image_path.is_file():
                raise ValueError("image is missing")
            geometry = restore(ProbeGeometry, raw["geometry"])
            check_geometry(geometry, path.name)
            result.append(
                KeyFrameRecord(
                    sequence=whole(raw["sequence"]),
                    stamp_ns=whole(raw["stamp_ns"]),
                    view=View[raw["view"]],
                    reason=one_line(raw["reason"]),
                    image_path=image_path,
                    geometry=geometry,
                    sector=restore(SectorBox, raw["sector"]),
                    label_map=_labels(path.with_suffix(".npz"), damaged),
                    measurements=tuple(restore(Measurement, m) for m in raw["measurements"]),
                    preset=str(raw.get("preset", "")),
                )
            )
        except BAD as error:
            damaged.append(f"key frame {one_line(path.stem, 60)}: {said(error)}")
    return tuple(result)


def _labels(path: Path, damaged: list[str]) -> LabelMap | None:
    try:
        return read_labels(path)
    except BAD as error:
        damaged.append(f"{one_line(path.name, 60)}: {said(error)}")
        return None
