"""UltrasoundFrame and ProbeGeometry."""

from echopilot_msgs.msg import ProbeGeometry as ProbeGeometryMsg
from echopilot_msgs.msg import SectorBox as SectorBoxMsg
from echopilot_msgs.msg import UltrasoundFrame
from sensor_msgs.msg import Image

from echopilot_core import Frame, Imaging, MarkerSide, Mode, ProbeGeometry, ProbeKind, SectorBox
from echopilot_nodes.conversions.basic import from_bytes, from_time, to_bytes, to_header


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


def from_geometry(m: ProbeGeometryMsg) -> ProbeGeometry:
    """Message to geometry; ValueError for an unknown kind or marker side."""
    return ProbeGeometry(
        kind=ProbeKind(m.kind),
        radius_m=m.radius,
        opening_angle_rad=m.opening_angle,
        aperture_m=m.aperture,
        depth_m=m.depth,
        spacing_x_m=m.spacing_x,
        spacing_y_m=m.spacing_y,
        origin_u_px=m.origin_u,
        origin_v_px=m.origin_v,
        frequency_hz=m.frequency,
        marker_side=MarkerSide(m.marker_side),
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


def from_frame(m: UltrasoundFrame) -> Frame:
    """Message to frame; ValueError unless the image is mono8 and complete."""
    if m.image.encoding != "mono8":
        raise ValueError(f"frame {m.sequence} has encoding {m.image.encoding!r}; valid: mono8")
    rows = from_bytes(m.image.data, m.image.height, m.image.step)
    return Frame(
        stamp_ns=from_time(m.header.stamp),
        sequence=m.sequence,
        image=rows[:, : m.image.width],
        geometry=from_geometry(m.geometry),
        sector=SectorBox(m.sector.left, m.sector.top, m.sector.right, m.sector.bottom),
        imaging=Imaging(
            mode=Mode(m.mode),
            gain_db=m.gain,
            dynamic_range_db=m.dynamic_range,
            focus_m=m.focus,
            mechanical_index=m.mechanical_index,
            thermal_index=m.thermal_index,
            frozen=m.frozen,
            probe_id=m.probe_id,
            preset=m.preset,
        ),
        steady_ns=m.steady_stamp,
    )
