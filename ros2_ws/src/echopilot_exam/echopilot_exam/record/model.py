"""Contents of an exam record, as read back from its folder."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import (
    BodyLandmarks,
    ExamPhase,
    Finding,
    ImagingParameters,
    LabelMap,
    Measurement,
    ProbeGeometry,
    SectorBox,
    Suspicion,
    View,
)
from echopilot_exam.machine.states import FORCE_HOLD_PHASES, Series, StepResult
from echopilot_exam.record.images import check_labels, read_png

POINTS = ("notch_m", "xiphoid_m", "navel_m")


def landmarks_document(landmarks: BodyLandmarks | None) -> dict[str, Any] | None:
    """Stamp and points [m] in `base`; None without landmarks, or where a point is not finite."""
    if landmarks is None or not np.isfinite([getattr(landmarks, name) for name in POINTS]).all():
        return None
    points = {name: [round(float(v), 5) for v in getattr(landmarks, name)] for name in POINTS}
    return {"stamp_ns": landmarks.stamp_ns, **points}


def read_landmarks(document: dict[str, Any] | None) -> BodyLandmarks | None:
    """Landmarks from exam.json; raises ValueError, KeyError or TypeError for an invalid document."""
    if document is None:
        return None
    points = [np.array(document[name], np.float64).reshape(3) for name in POINTS]
    if not np.isfinite(points).all() or np.abs(points).max() > 100.0:
        raise ValueError("a landmark is not a place within 100 m")
    return BodyLandmarks(int(document["stamp_ns"]), *points)


SCHEMA_VERSION = 1
"""Increased when an older reader would misread a record; it then rejects it."""

SCHEMA_REVISION = 5
"""Increased with every addition; readers ignore unknown keys and take defaults for missing ones."""

RESEARCH_SENTENCE = "Research software, not a medical device. Not verified by a clinician."

NOT_CALIBRATED = "not calibrated"

IMAGING_KEYS = (
    "mode", "gain_db", "dynamic_range_db", "focus_m",
    "mechanical_index", "thermal_index", "frozen", "probe_id", "preset",
)  # fmt: skip
"""Scanner settings of a clip; the depth is part of its geometry."""


@dataclass(frozen=True)
class RecordHeader:
    """Patient, protocol and software of an exam; hashes are SHA-256 in hex, empty when unknown."""

    patient_id: str  # pseudonym, never a real name
    protocol: str
    protocol_sha256: str
    code_version: str = ""
    model_id: str = ""
    model_sha256: str = ""
    config_sha256: str = ""  # of the files in config/
    code_sha256: str = ""
    probe_calibration: str = ""  # date and hash, "simulated, exact" or "not calibrated"
    time_calibration: str = ""
    started_utc: str = ""  # real date and time of the start, ISO 8601; empty in records before 0.6
    operator: str = ""  # who started the exam; empty where nobody was named
    device: str = ""  # robot, scanner and computer


@dataclass(frozen=True)
class TraceSample:
    """One exam tick of the control trace; `T_base_probe` (4, 4)."""

    stamp_ns: int
    tick: int
    phase: ExamPhase
    contact_force_n: float
    setpoint_n: float
    soft_cap_n: float
    trip_force_n: float
    view_score: float
    station_m: float
    T_base_probe: NDArray[np.float64]


def contact_samples(trace: Sequence[TraceSample]) -> tuple[TraceSample, ...]:
    """Samples of the phases that hold a force, with a finite contact force and a set-point above zero."""
    return tuple(
        s
        for s in trace
        if s.phase in FORCE_HOLD_PHASES and math.isfinite(s.contact_force_n) and 0.0 < s.setpoint_n < math.inf
    )


@dataclass(frozen=True)
class PerceptionSample:
    """Summary of one perception result, without images."""

    stamp_ns: int
    sequence: int
    view: View
    view_probability: float
    quality: float
    coupled_fraction: float
    ood_score: float
    measurements: tuple[Measurement, ...]


@dataclass(frozen=True)
class Event:
    """A change of state."""

    stamp_ns: int
    tick: int
    state: ExamPhase
    step_index: int
    message: str


@dataclass(frozen=True)
class KeyFrameRecord:
    """A key frame with its label map; `image_path` and `labels_path` lie in the exam folder."""

    sequence: int
    stamp_ns: int
    view: View
    reason: str
    image_path: Path
    geometry: ProbeGeometry
    sector: SectorBox
    label_map: LabelMap | None
    measurements: tuple[Measurement, ...]
    preset: str = ""  # of the scanner; SCALE_UNKNOWN where the image has no scale


@dataclass(frozen=True)
class ClipFrame:
    """One frame of a clip; `image_path` and `labels_path` are PNG, the labels on the clip's label grid."""

    sequence: int
    stamp_ns: int
    image_path: Path
    labels_path: Path


@dataclass(frozen=True)
class ClipRecord:
    """All frames of one recording or one sweep, at full rate; images are read on request."""

    name: str
    view: View
    kind: str  # "acquire", "sweep" or "clip"
    step_index: int
    attempt: int
    geometry: ProbeGeometry
    sector: SectorBox
    imaging: ImagingParameters
    labels_origin_x_m: float
    labels_origin_y_m: float
    labels_spacing_m: float
    frames: tuple[ClipFrame, ...]

    def image(self, frame: ClipFrame) -> NDArray[np.uint8]:
        """Image (H, W); raises ValueError or OSError when it cannot be read."""
        return read_png(frame.image_path)

    def label_map(self, frame: ClipFrame) -> LabelMap:
        """Label map; raises ValueError or OSError when it cannot be read."""
        labels = read_png(frame.labels_path)
        origin_m = self.labels_origin_x_m, self.labels_origin_y_m
        check_labels(labels, self.labels_spacing_m, origin_m, frame.labels_path.name)
        return LabelMap(labels, self.labels_origin_x_m, self.labels_origin_y_m, self.labels_spacing_m)


@dataclass(frozen=True)
class ExamRecord:
    """All contents of a record; `damaged` describes what could not be read."""

    folder: Path
    header: RecordHeader
    started_ns: int
    updated_ns: int
    state: ExamPhase | None  # None: a state that this version does not know
    complete: bool
    message: str
    steps: tuple[str, ...]  # view and kind of the protocol's steps
    results: tuple[StepResult, ...]
    measurements: tuple[Measurement, ...]
    findings: tuple[Finding, ...]
    series: tuple[Series, ...]
    trace: tuple[TraceSample, ...] = ()
    perception: tuple[PerceptionSample, ...] = ()
    events: tuple[Event, ...] = ()
    keyframes: tuple[KeyFrameRecord, ...] = ()
    clips: tuple[ClipRecord, ...] = ()
    landmarks: BodyLandmarks | None = None  # as pointed at by the operator
    breaks: dict[str, int] = field(default_factory=dict)
    """Ticks that went on without a peer's answer, by node: the numbers of a repeated run may differ."""
    damaged: tuple[str, ...] = field(default=())
    suspicions: tuple[Suspicion, ...] = ()  # empty in records of revision 3 and before


def lockstep_document(breaks: dict[str, int]) -> dict[str, Any]:
    """Ticks without a peer's answer, as exam.json and summary.json hold them."""
    return {"breaks": sum(breaks.values()), "by_node": dict(sorted(breaks.items()))}
