"""Measurement and Finding."""

from echopilot_core import (
    CaliperConvention,
    CaliperPoint,
    CardiacPhase,
    Finding,
    FindingKind,
    GateStatus,
    Measurement,
    MeasurementName,
    View,
)
from echopilot_wire.basic import from_integers, to_doubles, to_header, to_integers
from echopilot_wire.store import Message, echopilot_msgs


def to_measurement(m: Measurement, stamp_ns: int) -> Message:
    """Measurement to its message, stamped with the tick [ns] that made it."""
    return echopilot_msgs.Measurement(
        header=to_header(stamp_ns, "us_image"),
        name=m.name.code,
        value=m.value,
        unit=m.unit,
        sigma=m.sigma,
        view=m.view,
        convention=m.convention,
        phase=m.phase,
        obliquity=m.obliquity_rad,
        gate=m.gate,
        gate_reason=m.gate_reason,
        end_points_x=to_doubles([p.x_m for p in m.end_points]),
        end_points_y=to_doubles([p.y_m for p in m.end_points]),
        frame_sequences=to_integers(m.frame_sequences),
        station=m.station_m,
    )


def from_measurement(m: Message) -> Measurement:
    """Message to measurement; ValueError for an unknown enum or unpaired end points."""
    ends = zip(m.end_points_x, m.end_points_y, strict=True)
    return Measurement(
        name=MeasurementName.of_code(m.name),
        value=m.value,
        unit=m.unit,
        sigma=m.sigma,
        view=View(m.view),
        convention=CaliperConvention(m.convention),
        phase=CardiacPhase(m.phase),
        obliquity_rad=m.obliquity,
        gate=GateStatus(m.gate),
        gate_reason=m.gate_reason,
        end_points=tuple(CaliperPoint(float(x), float(y)) for x, y in ends),
        frame_sequences=from_integers(m.frame_sequences),
        station_m=m.station,
    )


def to_finding(f: Finding, stamp_ns: int) -> Message:
    """Finding to its message, stamped with the tick [ns] that raised it."""
    return echopilot_msgs.Finding(
        header=to_header(stamp_ns, "us_image"),
        kind=f.kind,
        probability=f.probability,
        view=f.view,
        frame_sequences=to_integers(f.frame_sequences),
        text=f.text,
        borderline=bool(f.borderline),
    )


def from_finding(m: Message) -> Finding:
    """Message to finding; ValueError for an unknown enum."""
    return Finding(
        kind=FindingKind(m.kind),
        probability=m.probability,
        view=View(m.view),
        frame_sequences=from_integers(m.frame_sequences),
        text=m.text,
        borderline=m.borderline,
    )
