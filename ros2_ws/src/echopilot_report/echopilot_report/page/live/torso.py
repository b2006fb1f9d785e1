"""Probe pose and covered skin in a frontal view of the patient."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from echopilot_core import BodyLandmarks
from echopilot_core.robot import CONTACT_N
from echopilot_report.page.live.messages import rounded

CELL_M = 0.006
_UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Chart:
    """Frontal projection of a supine patient [m]: origin xiphoid, x to the patient's left, y towards the feet."""

    origin_m: NDArray[np.float64]
    left: NDArray[np.float64]
    down: NDArray[np.float64]

    def at(self, point_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (..., 3) [m] in `base` to (..., 2) [m] on the chart."""
        return (point_m - self.origin_m) @ np.stack([self.left, self.down], axis=1)

    def along(self, direction: NDArray[np.float64]) -> NDArray[np.float64]:
        """A direction (3,) in `base` projected to (2,) on the chart."""
        return np.array([direction @ self.left, direction @ self.down])


def chart_of(landmarks: BodyLandmarks) -> Chart | None:
    """The chart of a patient; None when the landmarks do not span a direction."""
    down = landmarks.navel_m - landmarks.notch_m
    down = down - (down @ _UP) * _UP
    length_m = float(np.linalg.norm(down))
    if not np.isfinite(length_m) or length_m < 0.05:
        return None
    down = down / length_m
    return Chart(landmarks.xiphoid_m, np.cross(_UP, down), down)


def pose_on(chart: Chart, T_base_probe: NDArray[np.float64]) -> dict[str, object]:
    """Face center [mm], direction of the index marker and of the beam, both on the chart."""
    at_mm = chart.at(T_base_probe[:3, 3]) * 1e3
    return {
        "at": [rounded(v, 1) for v in at_mm],
        "marker": [rounded(v, 3) for v in chart.along(T_base_probe[:3, 0])],
        "beam": [rounded(v, 3) for v in chart.along(T_base_probe[:3, 2])],
    }


@dataclass
class Coverage:
    """Cells of the skin that the face has touched, with the best image quality at each."""

    _best: dict[tuple[int, int], float] = field(default_factory=dict)

    def add(self, at_m: NDArray[np.float64], force_n: float, quality: float) -> bool:
        """Add a position (2,) [m] on the chart; True when the coverage changed visibly."""
        if not force_n >= CONTACT_N or not np.isfinite(at_m).all() or not np.isfinite(quality):
            return False
        cell = (round(float(at_m[0]) / CELL_M), round(float(at_m[1]) / CELL_M))
        before = self._best.get(cell, -1.0)
        self._best[cell] = max(before, quality)
        return quality > before + 0.05

    def clear(self) -> None:
        """A new exam."""
        self._best.clear()

    def cells(self) -> list[float]:
        """Flat: x [mm], y [mm], quality 0..1 of every cell."""
        mm = CELL_M * 1e3
        return [v for (i, j), q in self._best.items() for v in (round(i * mm, 1), round(j * mm, 1), round(q, 2))]


def landmarks_on(chart: Chart, landmarks: BodyLandmarks) -> dict[str, object]:
    """Landmarks [mm] on the chart, to which the drawing of the torso is scaled."""
    points = {"notch": landmarks.notch_m, "xiphoid": landmarks.xiphoid_m, "navel": landmarks.navel_m}
    return {name: [rounded(v * 1e3, 1) for v in chart.at(point)] for name, point in points.items()}
