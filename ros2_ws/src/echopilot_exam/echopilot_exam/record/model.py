"""What an exam record holds, as read back from its folder."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Finding, LabelMap, Measurement, ProbeGeometry, SectorBox, View
from echopilot_exam.states import Series, StepResult

SCHEMA_VERSION = 1
RESEARCH_SENTENCE = "Research software, not a medical device. Not verified by a clinician."


@dataclass(frozen=True)
class RecordHeader:
    """Who, what and with which software; hashes are SHA-256 in hex, empty when unknown."""

    patient_id: str  # pseudonym, never a real name
    protocol: str
    protocol_sha256: str
    code_version: str = ""
    model_id: str = ""
    model_sha256: str = ""
    config_sha256: str = ""


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
    damaged: tuple[str, ...] = field(default=())
