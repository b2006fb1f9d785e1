"""What an exam record holds, as read back from its folder."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from echopilot_core import BodyLandmarks, Finding, Imaging, LabelMap, Measurement, ProbeGeometry, SectorBox, View
from echopilot_exam.record.pictures import read_png
from echopilot_exam.states import Series, StepResult

SCHEMA_VERSION = 1
"""Goes up when an older reader would misread a record; it then refuses it."""

SCHEMA_REVISION = 2
"""Goes up with every addition; readers pass over what they do not know, and take defaults for what is not there."""

RESEARCH_SENTENCE = "Research software, not a medical device. Not verified by a clinician."


NOT_CALIBRATED = "not calibrated"


@dataclass(frozen=True)
class RecordHeader:
    """Who, what and with which software; hashes are SHA-256 in hex, empty when unknown."""

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


@dataclass(frozen=True)
class TraceSample:
    """One exam tick of the control trace; `T_base_probe` (4, 4)."""

    stamp_ns: int
    tick: int
    phase: str
    contact_force_n: float
    setpoint_n: float
    soft_cap_n: float
    trip_force_n: float
    view_score: float
    station_m: float
    T_base_probe: NDArray[np.float64]


@dataclass(frozen=True)
class SeenSample:
    """One perceived frame in short: no pictures."""

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
    """A change of the named state."""

    stamp_ns: int
    tick: int
    state: str
    step_index: int
    message: str


@dataclass(frozen=True)
class KeyFrameRecord:
    """A kept picture with its label map; `image_path` and `labels_path` lie in the exam folder."""

    sequence: int
    stamp_ns: int
    view: View
    reason: str
    image_path: Path
    geometry: ProbeGeometry
    sector: SectorBox
    label_map: LabelMap | None
    measurements: tuple[Measurement, ...]


@dataclass(frozen=True)
class ClipFrame:
    """One frame of a clip; `image_path` and `labels_path` are PNG, the labels on the clip's label grid."""

    sequence: int
    stamp_ns: int
    image_path: Path
    labels_path: Path


@dataclass(frozen=True)
class ClipRecord:
    """All frames of one recording of heart beats or one sweep, at full rate; pictures are opened by who needs them."""

    name: str
    view: View
    kind: str  # "acquire" or "sweep"
    step_index: int
    attempt: int
    geometry: ProbeGeometry
    sector: SectorBox
    imaging: Imaging
    labels_origin_x_m: float
    labels_origin_y_m: float
    labels_spacing_m: float
    frames: tuple[ClipFrame, ...]

    def image(self, frame: ClipFrame) -> NDArray[np.uint8]:
        """Picture (H, W); raises ValueError or OSError when it cannot be read."""
        return read_png(frame.image_path)

    def label_map(self, frame: ClipFrame) -> LabelMap:
        """Label map; raises ValueError or OSError when it cannot be read."""
        labels = read_png(frame.labels_path)
        return LabelMap(labels, self.labels_origin_x_m, self.labels_origin_y_m, self.labels_spacing_m)


@dataclass(frozen=True)
class ExamRecord:
    """All of an exam; `damaged` lists what could not be read, in words."""

    folder: Path
    header: RecordHeader
    started_ns: int
    updated_ns: int
    state: str
    complete: bool
    message: str
    steps: tuple[str, ...]  # what the protocol asked for, in words
    results: tuple[StepResult, ...]
    measurements: tuple[Measurement, ...]
    findings: tuple[Finding, ...]
    series: tuple[Series, ...]
    trace: tuple[TraceSample, ...] = ()
    seen: tuple[SeenSample, ...] = ()
    events: tuple[Event, ...] = ()
    keyframes: tuple[KeyFrameRecord, ...] = ()
    clips: tuple[ClipRecord, ...] = ()
    landmarks: BodyLandmarks | None = None  # as somebody pointed at them
    damaged: tuple[str, ...] = field(default=())
