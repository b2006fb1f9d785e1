"""Clouds of float32 points, as RViz, PCL and Foxglove read them: the skin, and the pixels of an image in space."""

import numpy as np

from echopilot_core import Array, BodySurface, Frame, se3
from echopilot_wire.body import points_message
from echopilot_wire.store import Message

MOST_COLUMNS = 160  # of an image; larger ones are thinned


def to_skin_cloud(surface: BodySurface) -> Message:
    """Finite skin points [m] in `base` as float32."""
    return points_message(surface.stamp_ns, "base", "xyz", surface.finite_points_m().astype("<f4"))


def to_plane_cloud(frame: Frame, T_base_probe: Array | None) -> Message:
    """The image plane as points x, y, z [m] with `intensity` 0..255, black ones left out.

    In `base` where the pose of the probe at the frame's stamp is known, else in `us_image`.
    """
    step = max(-(-frame.image.shape[1] // MOST_COLUMNS), 1)
    image = frame.image[::step, ::step]
    rows, columns = np.nonzero(image)
    g = frame.geometry
    points = np.zeros((len(rows), 4), "<f4")
    points[:, 0] = (columns * step - g.origin_u_px) * g.spacing_x_m
    points[:, 1] = (rows * step - g.origin_v_px) * g.spacing_y_m
    points[:, 3] = image[rows, columns]
    if T_base_probe is not None:
        points[:, :3] = se3.apply(T_base_probe @ se3.T_PROBE_US_IMAGE, points[:, :3].astype(np.float64))
    frame_id = "us_image" if T_base_probe is None else "base"
    return points_message(frame.stamp_ns, frame_id, ("x", "y", "z", "intensity"), points)
