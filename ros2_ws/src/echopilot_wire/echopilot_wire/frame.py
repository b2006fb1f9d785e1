"""UltrasoundFrame with its geometry and settings."""

import math
from collections.abc import Sequence

import numpy as np

from echopilot_core import Frame, ImagingMode, ImagingParameters, MarkerSide, ProbeGeometry, ProbeKind, SectorBox
from echopilot_wire.basic import octets_view, stamp_of, to_header, to_octets
from echopilot_wire.store import Message, sensor_msgs, ultrasound_msgs

ENCODING = "mono8"
HAVE_A_ZERO = ("gain", "persistence")
"""Settings of which 0 is a value like any other."""


def to_geometry(g: ProbeGeometry) -> Message:
    """Geometry of a probe to its message."""
    return ultrasound_msgs.ProbeGeometry(
        kind=g.kind,
        radius=g.radius_m,
        opening_angle=g.opening_angle_rad,
        aperture=g.aperture_m,
        depth=g.depth_m,
        spacing_x=g.spacing_x_m,
        spacing_y=g.spacing_y_m,
        origin_u=g.origin_u_px,
        origin_v=g.origin_v_px,
        frequency=g.frequency_hz,
        marker_side=g.marker_side,
    )


def from_geometry(m: Message) -> ProbeGeometry:
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


def from_settings(m: Message, to_zero: Sequence[str] = ()) -> ImagingParameters:
    """What a request of SetImaging asks for, as settings with NaN, 0 for `compounding` and empty for the rest.

    Args:
        m: ImagingParameters, where NaN, 0 and empty leave a setting as it is.
        to_zero: names of settings that are set to 0, of HAVE_A_ZERO.

    Raises:
        ValueError: nothing is asked for, or a number is none that a scanner can be set to.
    """
    for name in to_zero:
        if name not in HAVE_A_ZERO:
            raise ValueError(f"to_zero holds {name!a}; valid: {', '.join(HAVE_A_ZERO)}")
        if getattr(m, name) != 0.0 and not math.isnan(getattr(m, name)):
            raise ValueError(f"{name} is to be {getattr(m, name):g} and 0 at the same time")
    for name in HAVE_A_ZERO:
        if math.isinf(getattr(m, name)):
            raise ValueError(f"{name} is infinite; give a number, or NaN or 0 to leave it as it is")
    for name in ("depth", "focus", "dynamic_range"):
        if getattr(m, name) < 0.0 or math.isinf(getattr(m, name)):
            raise ValueError(f"{name} is {getattr(m, name)}; give a number above 0, or NaN or 0 to leave it as it is")
    tgc_db = tuple(float(gain) for gain in m.tgc)
    if not all(map(math.isfinite, tgc_db)):
        raise ValueError("tgc holds a number that is not finite; give every slider, or none to leave them as they are")
    if m.compounding < 0 or m.persistence < 0.0 or m.persistence > 1.0:
        raise ValueError("compounding counts from 1, and persistence lies between 0 and 1")
    asked = ImagingParameters(
        preset=m.preset,
        depth_m=m.depth or math.nan,
        gain_db=0.0 if "gain" in to_zero else m.gain or math.nan,
        focus_m=m.focus or math.nan,
        dynamic_range_db=m.dynamic_range or math.nan,
        tgc_db=tgc_db,
        compounding=m.compounding,
        persistence=0.0 if "persistence" in to_zero else m.persistence or math.nan,
    )
    numbers = (asked.depth_m, asked.gain_db, asked.focus_m, asked.dynamic_range_db, asked.persistence)
    if all(map(math.isnan, numbers)) and not (asked.preset or tgc_db or asked.compounding):
        raise ValueError(
            "nothing is asked for; give preset, depth, gain, focus, dynamic_range, tgc, compounding or persistence, "
            f"or name one of {', '.join(HAVE_A_ZERO)} in to_zero"
        )
    return asked


def to_frame(frame: Frame) -> Message:
    """Frame to its message; the image travels as mono8."""
    height, width = frame.image.shape
    header = to_header(frame.stamp_ns, "us_image")
    s, i = frame.sector, frame.imaging
    return ultrasound_msgs.UltrasoundFrame(
        header=header,
        sequence=frame.sequence,
        steady_stamp=frame.steady_ns,
        image=sensor_msgs.Image(header, height, width, ENCODING, 0, width, to_octets(frame.image)),
        geometry=to_geometry(frame.geometry),
        sector=ultrasound_msgs.SectorBox(s.left_px, s.top_px, s.right_px, s.bottom_px),
        mode=i.mode,
        frozen=bool(i.frozen),
        probe_id=i.probe_id,
        imaging=ultrasound_msgs.ImagingParameters(
            preset=i.preset,
            depth=i.depth_m,
            gain=i.gain_db,
            focus=i.focus_m,
            dynamic_range=i.dynamic_range_db,
            tgc=np.array(i.tgc_db, dtype=np.float64),
            compounding=i.compounding,
            persistence=i.persistence,
            mechanical_index=i.mechanical_index,
            thermal_index=i.thermal_index,
        ),
    )


def from_frame(m: Message) -> Frame:
    """Message to frame; its image is a read-only view on the message. ValueError unless it is mono8 and complete."""
    image, imaging = m.image, m.imaging
    if image.encoding != ENCODING:
        raise ValueError(f"frame {m.sequence} has encoding {image.encoding!r}; valid: {ENCODING}")
    rows = octets_view(image.data, image.height, image.step)
    return Frame(
        stamp_ns=stamp_of(m),
        sequence=m.sequence,
        image=rows if image.step == image.width else rows[:, : image.width],
        geometry=from_geometry(m.geometry),
        sector=SectorBox(m.sector.left, m.sector.top, m.sector.right, m.sector.bottom),
        imaging=ImagingParameters(
            preset=imaging.preset,
            depth_m=imaging.depth,
            gain_db=imaging.gain,
            focus_m=imaging.focus,
            dynamic_range_db=imaging.dynamic_range,
            tgc_db=tuple(float(gain) for gain in imaging.tgc),
            compounding=imaging.compounding,
            persistence=imaging.persistence,
            mode=ImagingMode(m.mode),
            mechanical_index=imaging.mechanical_index,
            thermal_index=imaging.thermal_index,
            frozen=m.frozen,
            probe_id=m.probe_id,
        ),
        steady_ns=m.steady_stamp,
    )
