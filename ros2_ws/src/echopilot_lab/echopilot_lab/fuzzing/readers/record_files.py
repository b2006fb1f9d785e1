"""A small valid exam record, made in memory, that the fuzz cases damage one file at a time."""

import json
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from echopilot_core import (
    BodyLandmarks,
    CaliperConvention,
    CaliperPoint,
    ExamPhase,
    Finding,
    FindingKind,
    ImagingParameters,
    LabelMap,
    Measurement,
    MeasurementName,
    Outcome,
    ProbeGeometry,
    ProbeKind,
    SectorBox,
    SegmentationClass,
    View,
)
from echopilot_exam.machine.states import Series, StepResult
from echopilot_exam.protocol.protocol import load_protocol
from echopilot_exam.protocol.step import StepKind
from echopilot_exam.record import RecordHeader
from echopilot_exam.record.codec import plain
from echopilot_exam.record.images import png, write_labels
from echopilot_exam.record.model import IMAGING_KEYS, SCHEMA_REVISION, SCHEMA_VERSION, landmarks_document

SIDE = 96
STAMPS_NS = tuple(33_000_000 * k for k in range(1, 7))
GEOMETRY = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.5, 0.02, 0.12, 0.0013, 0.0013, 48.0, 2.0, 2.5e6)
_AORTA = Measurement(
    MeasurementName.AORTA_OUTER_AP,
    0.031,
    "m",
    0.0008,
    View.AORTA_TRANS,
    CaliperConvention.OUTER_TO_OUTER,
    end_points=(CaliperPoint(0.0, 0.05), CaliperPoint(0.0, 0.081)),
    frame_sequences=(1, 2),
    station_m=0.02,
)


_PHASES = (ExamPhase.IDLE, ExamPhase.SWEEP, ExamPhase.DONE)


@lru_cache(maxsize=1)
def record_files() -> dict[str, bytes]:
    """Content of every file of the record by its path in the folder; two key frames, one clip of three frames."""
    files = {
        "exam.json": _json(_exam()),
        "events.jsonl": _lines([_event(k, phase) for k, phase in enumerate(_PHASES)]),
        "control.jsonl": _lines([_trace(k, s) for k, s in enumerate(STAMPS_NS)]),
        "seen.jsonl": _lines([_result(k, s) for k, s in enumerate(STAMPS_NS)]),
    }
    labels = np.zeros((128, 128), np.uint8)
    labels[50:70, 50:70] = SegmentationClass.AO_LUMEN
    image = np.random.default_rng(0).integers(0, 200, (SIDE, SIDE)).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.npz"
        write_labels(path, LabelMap(labels, -0.08, 0.0, 0.00125))
        npz = path.read_bytes()
    for k in (1, 2):
        files[f"keyframes/{k:06d}.json"] = _json(_key_frame(k))
        files[f"keyframes/{k:06d}.png"], files[f"keyframes/{k:06d}.npz"] = png(image), npz
    home = "clips/02-AORTA_TRANS-1"
    files[f"{home}/clip.json"] = _json(_clip())
    files[f"{home}/frames.jsonl"] = _lines([{"sequence": k, "stamp_ns": STAMPS_NS[k]} for k in range(3)])
    for k in range(3):
        files[f"{home}/{k:06d}.png"], files[f"{home}/masks/{k:06d}.png"] = png(image), png(labels)
    return files


def _exam() -> dict[str, Any]:
    plan = load_protocol("aorta")
    result = StepResult(View.AORTA_TRANS, StepKind.SWEEP, Outcome.SUCCEEDED, True, 0.9, 0.8, 30.0, 1, "", (1, 2))
    landmarks = BodyLandmarks(7, np.array([0.5, 0.18, 0.21]), np.array([0.5, 0.0, 0.2]), np.array([0.51, -0.19, 0.2]))
    return {
        "schema": SCHEMA_VERSION,
        "revision": SCHEMA_REVISION,
        "header": RecordHeader("P-0001", plan.name, plan.sha256, "test"),
        "steps": [f"{step.view.name} {step.kind.value}" for step in plan.steps],
        "started_ns": STAMPS_NS[0],
        "updated_ns": STAMPS_NS[-1],
        "state": ExamPhase.DONE.name,
        "complete": True,
        "message": "",
        "results": [result],
        "measurements": [_AORTA],
        "findings": [Finding(FindingKind.ANEURYSM_ABDOMINAL, 0.7, View.AORTA_TRANS, (1, 2), "31 mm")],
        "series": [Series(MeasurementName.LV_VOLUME, "m3", (0.1, 0.2), (1e-4, 5e-5), (1, 2))],
        "landmarks": landmarks_document(landmarks),
    }


def _event(tick: int, phase: ExamPhase) -> dict[str, Any]:
    return {"stamp_ns": STAMPS_NS[tick], "tick": tick, "state": phase.name, "step_index": 0, "message": ""}


def _trace(tick: int, stamp_ns: int) -> dict[str, Any]:
    pose = [1.0, 0.0, 0.0, 0.5, 0.0, 1.0, 0.0, 0.01 * tick, 0.0, 0.0, 1.0, 0.2]
    forces = {"contact_force_n": 5.0, "setpoint_n": 5.0, "soft_cap_n": 12.0, "trip_force_n": 18.0}
    rest = {"view_score": 0.8, "station_m": 0.001 * tick, "pose": pose}
    return {"stamp_ns": stamp_ns, "tick": tick, "phase": ExamPhase.SWEEP.name, **forces, **rest}


def _result(sequence: int, stamp_ns: int) -> dict[str, Any]:
    numbers = {"view_probability": 0.9, "quality": 0.8, "coupled_fraction": 1.0, "ood_score": 0.1}
    return {
        "stamp_ns": stamp_ns,
        "sequence": sequence,
        "view": View.AORTA_TRANS.name,
        **numbers,
        "measurements": [_AORTA],
    }


def _key_frame(sequence: int) -> dict[str, Any]:
    return {
        "sequence": sequence,
        "stamp_ns": STAMPS_NS[sequence],
        "view": View.AORTA_TRANS,
        "reason": "along the sweep",
        "geometry": GEOMETRY,
        "sector": SectorBox(2, 2, SIDE - 2, SIDE - 2),
        "measurements": [_AORTA],
    }


def _clip() -> dict[str, Any]:
    return {
        "name": "02-AORTA_TRANS-1",
        "view": View.AORTA_TRANS,
        "kind": StepKind.SWEEP.value,
        "step_index": 1,
        "attempt": 1,
        "geometry": GEOMETRY,
        "sector": SectorBox(2, 2, SIDE - 2, SIDE - 2),
        "imaging": {key: getattr(ImagingParameters(), key) for key in IMAGING_KEYS},
        "labels_origin_x_m": -0.08,
        "labels_origin_y_m": 0.0,
        "labels_spacing_m": 0.00125,
    }


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(plain(document), allow_nan=False, indent=1).encode()


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(plain(row), allow_nan=False).encode() + b"\n" for row in rows)
