"""MarkerArrays: the image plane in space, landmarks and forbidden zones on the body, the swept aorta."""

from collections.abc import Sequence

import numpy as np

from echopilot_core import Array, BodyLandmarks, Frame, se3
from echopilot_wire.basic import to_header, to_point, to_pose
from echopilot_wire.display.images import to_compressed
from echopilot_wire.store import Message, builtin_interfaces, geometry_msgs, std_msgs, visualization_msgs

Color = tuple[float, float, float, float]  # red, green, blue, opacity 0..1

WHITE: Color = (1.0, 1.0, 1.0, 1.0)
LANDMARK: Color = (0.30, 0.76, 1.0, 1.0)
ZONE: Color = (1.0, 0.35, 0.37, 0.45)
VESSEL: Color = (0.89, 0.24, 0.16, 0.9)
LANDMARK_M = 0.012  # diameter of the ball
LETTERS_M = 0.018
TEXTURE = "embedded://bmode"
_SPHERE = visualization_msgs.Marker.SPHERE
_TEXT = visualization_msgs.Marker.TEXT_VIEW_FACING
_TRIANGLES = visualization_msgs.Marker.TRIANGLE_LIST
_NO_PIXELS = np.zeros(0, np.uint8)


def to_plane(frame: Frame, jpeg: bytes, T_base_probe: Array | None) -> Message:
    """The sector as triangles with the image as texture; `jpeg` is the frame's image as a file.

    In `base` where the pose of the probe at the frame's stamp is known, else in `us_image`.
    """
    outline_m = frame.geometry.outline_m()
    middle, around = outline_m.mean(axis=0), np.roll(outline_m, -1, axis=0)
    corners_m = np.stack([np.broadcast_to(middle, outline_m.shape), outline_m, around], axis=1).reshape(-1, 2)
    height, width = frame.image.shape
    uv = np.clip((frame.geometry.pixels(corners_m) + 0.5) / (width, height), 0.0, 1.0)
    T, frame_id = np.eye(4), "us_image"
    if T_base_probe is not None:
        T, frame_id = T_base_probe @ se3.T_PROBE_US_IMAGE, "base"
    points = np.column_stack([corners_m, np.zeros(len(corners_m))])
    marker = _marker(frame.stamp_ns, frame_id, "image plane", 0, _TRIANGLES, T, (1.0, 1.0, 1.0), WHITE, points)
    marker.texture_resource = TEXTURE
    marker.texture = to_compressed(frame.stamp_ns, jpeg)
    marker.uv_coordinates = [visualization_msgs.UVCoordinate(u, v) for u, v in uv.tolist()]
    return visualization_msgs.MarkerArray([marker])


def to_body_markers(landmarks: BodyLandmarks, zones: Sequence[tuple[str, Array, float]]) -> Message:
    """Landmarks as named balls, and forbidden zones (name, center (3,) [m] in `base`, radius [m]) as red ones."""
    named = {"notch": landmarks.notch_m, "xiphoid": landmarks.xiphoid_m, "navel": landmarks.navel_m}
    balls = [("landmarks", name, at_m, LANDMARK_M, LANDMARK) for name, at_m in named.items()]
    balls += [("forbidden zones", name, at_m, 2.0 * radius_m, ZONE) for name, at_m, radius_m in zones]
    markers = []
    for number, (group, name, at_m, size_m, color) in enumerate(balls):
        above = se3.transform(np.eye(3), at_m + (0.0, 0.0, 0.5 * size_m + LETTERS_M))
        place, scale = se3.transform(np.eye(3), at_m), (size_m, size_m, size_m)
        markers.append(_marker(landmarks.stamp_ns, "base", group, number, _SPHERE, place, scale, color))
        letters = (0.0, 0.0, LETTERS_M)
        markers.append(_marker(landmarks.stamp_ns, "base", f"names of {group}", number, _TEXT, above, letters, WHITE))
        markers[-1].text = name
    return visualization_msgs.MarkerArray(markers)


def to_tube(stamp_ns: int, rings_m: Array) -> Message:
    """A tube through rings (N, K, 3) [m] in `base`, N of 2 or more, in the order in which they were swept."""
    here, after = rings_m[:-1], rings_m[1:]
    next_here, next_after = np.roll(here, -1, axis=1), np.roll(after, -1, axis=1)
    corners = np.stack([here, next_here, after, after, next_here, next_after], axis=2).reshape(-1, 3)
    unit = (1.0, 1.0, 1.0)
    tube = _marker(stamp_ns, "base", "aorta", 0, _TRIANGLES, np.eye(4), unit, VESSEL, corners)
    return visualization_msgs.MarkerArray([tube])


def _marker(
    stamp_ns: int,
    frame_id: str,
    group: str,
    number: int,
    kind: int,
    T: Array,
    scale_m: tuple[float, float, float],
    color: Color,
    points_m: Array | None = None,
) -> Message:
    return visualization_msgs.Marker(
        header=to_header(stamp_ns, frame_id),
        ns=group,
        id=number,
        type=kind,
        action=visualization_msgs.Marker.ADD,
        pose=to_pose(T),
        scale=geometry_msgs.Vector3(*scale_m),
        color=std_msgs.ColorRGBA(*color),
        lifetime=builtin_interfaces.Duration(0, 0),
        frame_locked=False,
        points=[] if points_m is None else [to_point(p) for p in points_m],
        colors=[],
        texture_resource="",
        texture=to_compressed(stamp_ns, b""),
        uv_coordinates=[],
        text="",
        mesh_resource="",
        mesh_file=visualization_msgs.MeshFile("", _NO_PIXELS),
        mesh_use_embedded_materials=False,
    )
