"""Measurement and Finding."""

from echopilot_msgs.msg import Finding as FindingMsg
from echopilot_msgs.msg import Measurement as MeasurementMsg

from echopilot_core import Finding, Measurement
from echopilot_exam.record import wire_read
from echopilot_nodes.conversions.basic import to_doubles, to_header, to_int64s


def to_measurement(m: Measurement, stamp_ns: int) -> MeasurementMsg:
    """Measurement to its message, stamped with the tick [ns] that made it."""
    return MeasurementMsg(
        header=to_header(stamp_ns, "us_image"),
        name=m.name,
        value=float(m.value),
        unit=m.unit,
        sigma=float(m.sigma),
        view=int(m.view),
        convention=int(m.convention),
        phase=int(m.phase),
        obliquity=float(m.obliquity_rad),
        gate=int(m.gate),
        gate_reason=m.gate_reason,
        end_points_x=to_doubles([p.x_m for p in m.end_points]),
        end_points_y=to_doubles([p.y_m for p in m.end_points]),
        frame_sequences=to_int64s(m.frame_sequences),
        station=float(m.station_m),
    )


def to_finding(f: Finding, stamp_ns: int) -> FindingMsg:
    """Finding to its message, stamped with the tick [ns] that raised it."""
    return FindingMsg(
        header=to_header(stamp_ns, "us_image"),
        kind=int(f.kind),
        probability=float(f.probability),
        view=int(f.view),
        frame_sequences=to_int64s(f.frame_sequences),
        text=f.text,
        borderline=bool(f.borderline),
    )


# Reading needs no ROS: recordings are read by the same functions.
from_measurement = wire_read.read_measurement
from_finding = wire_read.read_finding
