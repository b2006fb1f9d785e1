"""BodySurface as PointCloud2 (x, y, z float64) and BodyLandmarks."""

import numpy as np
from echopilot_msgs.msg import BodyLandmarks as BodyLandmarksMsg
from sensor_msgs.msg import PointCloud2, PointField

from echopilot_core import BodyLandmarks, BodySurface
from echopilot_nodes.conversions.basic import from_time, from_xyz, to_bytes, to_header, to_point

_STEP = 24  # three float64


def to_cloud(surface: BodySurface) -> PointCloud2:
    """Skin points (N, 3) [m] to a point cloud in `base`; float64 so that nothing is rounded."""
    points = np.ascontiguousarray(surface.points_m, dtype="<f8")
    cloud = PointCloud2(
        header=to_header(surface.stamp_ns, "base"),
        height=1,
        width=len(points),
        fields=[
            PointField(name=name, offset=8 * i, datatype=PointField.FLOAT64, count=1) for i, name in enumerate("xyz")
        ],
        is_bigendian=False,
        point_step=_STEP,
        row_step=_STEP * len(points),
        is_dense=True,
    )
    cloud.data = to_bytes(points.reshape(-1).view(np.uint8))
    return cloud


def from_cloud(m: PointCloud2) -> BodySurface:
    """Point cloud with x, y, z as float32 or float64 fields to skin points; ValueError for another layout."""
    dtypes = {PointField.FLOAT32: "f4", PointField.FLOAT64: "f8"}
    found = {f.name: f for f in m.fields if f.name in ("x", "y", "z")}
    if len(found) != 3 or any(f.datatype not in dtypes for f in found.values()):
        raise ValueError("a body surface needs the fields x, y, z as float32 or float64")
    order = ">" if m.is_bigendian else "<"
    layout = np.dtype(
        {
            "names": list(found),
            "formats": [order + dtypes[f.datatype] for f in found.values()],
            "offsets": [f.offset for f in found.values()],
            "itemsize": m.point_step,
        }
    )
    rows = np.frombuffer(bytes(m.data), dtype=layout, count=m.width * m.height)
    return BodySurface(from_time(m.header.stamp), np.stack([rows[n].astype(np.float64) for n in "xyz"], axis=-1))


def to_landmarks(b: BodyLandmarks) -> BodyLandmarksMsg:
    """Landmarks to their message."""
    return BodyLandmarksMsg(
        header=to_header(b.stamp_ns, "base"),
        notch=to_point(b.notch_m),
        xiphoid=to_point(b.xiphoid_m),
        navel=to_point(b.navel_m),
    )


def from_landmarks(m: BodyLandmarksMsg) -> BodyLandmarks:
    """Message to landmarks."""
    return BodyLandmarks(from_time(m.header.stamp), from_xyz(m.notch), from_xyz(m.xiphoid), from_xyz(m.navel))
