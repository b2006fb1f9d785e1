"""A phantom with known wires, a probe with a known image, and what that probe sees; all by its own arithmetic."""

from dataclasses import dataclass

import numpy as np

from echopilot_control.calibration import ImagePlane, NWirePhantom
from echopilot_core import se3

NAMES = (("a", "b", "c"), ("d", "e", "f"), ("g", "h", "i"))
ENDS_M = 1e-3 * np.array(
    [
        [[[30, 0, 20], [30, 40, 20]], [[55, 0, 20], [35, 40, 20]], [[60, 0, 20], [60, 40, 20]]],
        [[[30, 0, 10], [30, 40, 10]], [[35, 0, 10], [55, 40, 10]], [[60, 0, 10], [60, 40, 10]]],
        [[[35, 0, 0], [35, 40, 0]], [[55, 0, 0], [40, 40, 0]], [[60, 0, 0], [60, 40, 0]]],
    ],
    dtype=float,
)
PHANTOM = NWirePhantom(NAMES, ENDS_M)
SPACING_M = np.array([79e-6, 75e-6])
FACING = np.column_stack([[-1.0, 0, 0], [0, 0, -1.0], [0, -1.0, 0]])  # image axes in the phantom: right, down, out


@dataclass(frozen=True)
class Scans:
    """What a calibration gets, and what it should find."""

    points_px: np.ndarray  # (F, 3, 3, 2)
    T_phantom_marker: np.ndarray  # (F, 4, 4)
    truth: ImagePlane


def scans(seed=0, frames=40, noise_px=0.0, turn_deg=6.0, travel_m=0.03):
    """Random scans of the phantom with a marker that sits somewhere on the probe."""
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    truth = ImagePlane(se3.transform(se3.so3_exp(rng.normal(size=3)), rng.uniform(-0.1, 0.1, 3)), SPACING_M)
    poses, points = [], []
    for _ in range(frames):
        R = FACING @ se3.so3_exp(np.radians(rng.uniform(-turn_deg, turn_deg, 3)))
        middle_m = np.array([0.045, 0.02 + travel_m * rng.uniform(-0.5, 0.5), 0.01]) + rng.uniform(-2e-3, 2e-3, 3) * [
            1,
            0,
            1,
        ]
        T_phantom_image = se3.transform(R, middle_m - R @ np.array([0.032, 0.025, 0.0]))
        poses.append(T_phantom_image @ se3.inverse(truth.T_marker_image))
        points.append(seen_px(T_phantom_image) + rng.normal(0.0, noise_px, (3, 3, 2)))
    return Scans(np.array(points), np.array(poses), truth)


def seen_px(T_phantom_image):
    """Where the plane z = 0 of the image cuts each wire, (3, 3, 2) [px]."""
    origin, (x, y, out) = T_phantom_image[:3, 3], T_phantom_image[:3, :3].T
    front, back = ENDS_M[:, :, 0], ENDS_M[:, :, 1]
    share = ((origin - front) @ out) / ((back - front) @ out)
    cut = front + share[..., None] * (back - front) - origin
    return np.stack([cut @ x, cut @ y], axis=-1) / SPACING_M


def draw_dots(points_px, shape=(616, 820), gray=220.0, size_px=4.0):
    """A dark image (H, W) uint8 with a soft round spot at each point (N, 2)."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    image = np.zeros(shape)
    for u, v in points_px.reshape(-1, 2):
        image = np.maximum(image, gray * np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * size_px**2)))
    return image.astype(np.uint8)
