"""BodySurface as PointCloud2 (x, y, z float64) and BodyLandmarks."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from echopilot_core import BodyLandmarks, BodySurface
from echopilot_wire.basic import from_xyz, stamp_of, to_header, to_octets, to_point
from echopilot_wire.store import Message, echopilot_msgs, sensor_msgs

_FLOAT32, _FLOAT64 = 7, 8  # of PointField
_DTYPES = {_FLOAT32: "f4", _FLOAT64: "f8"}


def to_cloud(surface: BodySurface) -> Message:
    """Skin points (N, 3) [m] to a point cloud in `base`; float64 so that nothing is rounded."""
    return points_message(surface.stamp_ns, "base", "xyz", np.asarray(surface.points_m, dtype="<f8"))


def points_message(stamp_ns: int, frame_id: str, names: Sequence[str], rows: NDArray[np.floating]) -> Message:
    """PointCloud2 of `rows` (N, len(names)), float32 or float64, little-endian."""
    rows = np.ascontiguousarray(rows)
    width, bytes_each = len(rows), rows.dtype.itemsize
    kind = _FLOAT32 if bytes_each == 4 else _FLOAT64
    return sensor_msgs.PointCloud2(
        header=to_header(stamp_ns, frame_id),
        height=1,
        width=width,
        fields=[sensor_msgs.PointField(name, bytes_each * i, kind, 1) for i, name in enumerate(names)],
        is_bigendian=False,
        point_step=bytes_each * len(names),
        row_step=bytes_each * len(names) * width,
        data=to_octets(rows.reshape(-1).view(np.uint8)),
        is_dense=True,
    )


def from_cloud(m: Message) -> BodySurface:
    """Point cloud with x, y, z as float32 or float64 fields to skin points; ValueError for another layout."""
    found = {f.name: f for f in m.fields if f.name in ("x", "y", "z")}
    if len(found) != 3 or any(f.datatype not in _DTYPES for f in found.values()):
        raise ValueError("a body surface needs the fields x, y, z as float32 or float64")
    order = ">" if m.is_bigendian else "<"
    layout = np.dtype(
        {
            "names": list(found),
            "formats": [order + _DTYPES[f.datatype] for f in found.values()],
            "offsets": [f.offset for f in found.values()],
            "itemsize": m.point_step,
        }
    )
    rows = np.frombuffer(m.data, dtype=layout, count=m.width * m.height)
    return BodySurface(stamp_of(m), np.stack([rows[n].astype(np.float64) for n in "xyz"], axis=-1))


def to_landmarks(b: BodyLandmarks) -> Message:
    """Landmarks to their message."""
    points = (to_point(b.notch_m), to_point(b.xiphoid_m), to_point(b.navel_m))
    return echopilot_msgs.BodyLandmarks(to_header(b.stamp_ns, "base"), *points)


def from_landmarks(m: Message) -> BodyLandmarks:
    """Message to landmarks."""
    return BodyLandmarks(stamp_of(m), from_xyz(m.notch), from_xyz(m.xiphoid), from_xyz(m.navel))
