"""Measurements and findings, each with its provenance."""

from dataclasses import dataclass
from enum import IntEnum

from echopilot_core.measurement_name import CaliperConvention, MeasurementName
from echopilot_core.vocabulary import FindingKind, View

ANEURYSM_M = 0.030
"""Outer diameter of the abdominal aorta from which on it is an aneurysm (SVS guideline 2018)."""


class CardiacPhase(IntEnum):
    """Moment of the heart cycle that a number belongs to."""

    UNSPECIFIED = 0
    END_DIASTOLE = 1
    END_SYSTOLE = 2
    CYCLE = 3


class GateStatus(IntEnum):
    """Whether the quality gate lets the number out."""

    NOT_CHECKED = 0
    PASSED = 1
    REFUSED = 2


@dataclass(frozen=True)
class CaliperPoint:
    """One caliper end in us_image [m] of the frame it was set in."""

    x_m: float
    y_m: float


@dataclass(frozen=True)
class Measurement:
    """A value in SI `unit` ("m", "m3", "1") with standard deviation and where it came from."""

    name: MeasurementName
    value: float
    unit: str
    sigma: float
    view: View
    convention: CaliperConvention = CaliperConvention.NOT_APPLICABLE
    phase: CardiacPhase = CardiacPhase.UNSPECIFIED
    obliquity_rad: float = 0.0
    gate: GateStatus = GateStatus.NOT_CHECKED
    gate_reason: str = ""
    end_points: tuple[CaliperPoint, ...] = ()
    frame_sequences: tuple[int, ...] = ()
    station_m: float = float("nan")  # arc length along the sweep, where that applies


REVIEW_SENTENCE = "Suspected by software, needs review."
"""Ends the text of every finding."""


@dataclass(frozen=True)
class Finding:
    """A suspicion raised for review, with probability and evidence frames."""

    kind: FindingKind
    probability: float
    view: View
    frame_sequences: tuple[int, ...]
    text: str
    borderline: bool = False
