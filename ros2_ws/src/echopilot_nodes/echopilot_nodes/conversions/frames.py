"""UltrasoundFrame and ProbeGeometry."""

from echopilot_msgs.msg import ProbeGeometry as ProbeGeometryMsg
from echopilot_msgs.msg import SectorBox as SectorBoxMsg
from echopilot_msgs.msg import UltrasoundFrame
from sensor_msgs.msg import Image

from echopilot_core import Frame, ProbeGeometry
from echopilot_exam.record import wire_read
from echopilot_nodes.conversions.basic import to_bytes, to_header


def to_geometry(g: ProbeGeometry) -> ProbeGeometryMsg:
    """Geometry of a probe to its message."""
    return ProbeGeometryMsg(
        kind=int(g.kind),
        radius=float(g.radius_m),
        opening_angle=float(g.opening_angle_rad),
        aperture=float(g.aperture_m),
        depth=float(g.depth_m),
        spacing_x=float(g.spacing_x_m),
        spacing_y=float(g.spacing_y_m),
        origin_u=float(g.origin_u_px),
        origin_v=float(g.origin_v_px),
        frequency=float(g.frequency_hz),
        marker_side=int(g.marker_side),
    )


def to_frame(frame: Frame) -> UltrasoundFrame:
    """Frame to its message; the image travels as mono8."""
    height, width = frame.image.shape
    header = to_header(frame.stamp_ns, "us_image")
    s, i = frame.sector, frame.imaging
    image = Image(header=header, height=height, width=width, encoding="mono8", is_bigendian=0, step=width)
    image.data = to_bytes(frame.image)
    return UltrasoundFrame(
        header=header,
        sequence=frame.sequence,
        steady_stamp=frame.steady_ns,
        image=image,
        geometry=to_geometry(frame.geometry),
        sector=SectorBoxMsg(left=s.left_px, top=s.top_px, right=s.right_px, bottom=s.bottom_px),
        mode=int(i.mode),
        gain=float(i.gain_db),
        dynamic_range=float(i.dynamic_range_db),
        focus=float(i.focus_m),
        mechanical_index=float(i.mechanical_index),
        thermal_index=float(i.thermal_index),
        frozen=bool(i.frozen),
        probe_id=i.probe_id,
        preset=i.preset,
    )


# Reading needs no ROS: recordings are read by the same functions.
from_geometry = wire_read.read_geometry
from_frame = wire_read.read_frame
