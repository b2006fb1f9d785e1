"""Counts and errors of one patient's frames: plain sums and lists that are joined over patients."""

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from echopilot_core import SegmentationClass


def _cells() -> NDArray[np.int64]:
    return np.zeros(len(SegmentationClass), np.int64)


@dataclass(frozen=True)
class GuidanceError:
    """Error of one guidance: offset along the skin [mm], angle [deg], and whether the probe was near the view."""

    view: str
    offset_mm: float
    angle_deg: float
    near: bool


@dataclass(frozen=True)
class ScoredCase:
    """One case of a finding: the score, whether it is really there, and whether it lies outside the borderline zone."""

    kind: str
    score: float
    there: bool
    clear: bool = True


@dataclass
class Marks:
    """Of one patient, or of many. Cells are counted in frames that show the class; false area where it is absent."""

    true_cells: NDArray[np.int64] = field(default_factory=_cells)
    predicted_cells: NDArray[np.int64] = field(default_factory=_cells)
    both_cells: NDArray[np.int64] = field(default_factory=_cells)
    false_share: NDArray[np.float64] = field(
        default_factory=lambda: np.zeros(len(SegmentationClass))
    )  # sums over frames ...
    absent: NDArray[np.int64] = field(default_factory=_cells)  # ... of which there are so many
    view_true: list[int] = field(default_factory=list)
    predicted_view: list[int] = field(default_factory=list)
    view_sure: list[float] = field(default_factory=list)
    view_clear: list[bool] = field(default_factory=list)  # far from the border between a view and none
    quality_true: list[float] = field(default_factory=list)
    predicted_quality: list[float] = field(default_factory=list)
    ood_usual: list[float] = field(default_factory=list)
    ood_scores: list[tuple[str, float]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # files among the real images that are no clips
    aorta_mm: list[float] = field(default_factory=list)
    aorta_direct_mm: list[float] = field(default_factory=list)
    aorta_missed: list[int] = field(default_factory=list)
    landmark_mm: list[tuple[str, float]] = field(default_factory=list)
    landmark_right: list[bool] = field(default_factory=list)
    guidance: list[GuidanceError] = field(default_factory=list)
    ef: list[tuple[float, float]] = field(default_factory=list)  # said, true [%]
    scored_cases: list[ScoredCase] = field(default_factory=list)
    latency_ms: list[float] = field(default_factory=list)

    def add(self, other: "Marks") -> None:
        """Join the marks of more frames into these."""
        for f in fields(self):
            mine, more = getattr(self, f.name), getattr(other, f.name)
            if isinstance(mine, list):
                mine.extend(more)
            else:
                mine += more
