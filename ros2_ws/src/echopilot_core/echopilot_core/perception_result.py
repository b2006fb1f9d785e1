"""Result of perception for one frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core.frame import ProbeGeometry
from echopilot_core.measurement import Finding, Measurement
from echopilot_core.vocabulary import ALL_HEADS, HeadName, SegmentationClass, View


@dataclass(frozen=True)
class LabelMap:
    """Class per cell (H, W) uint8; the center of cell (0, 0) lies at (origin_x_m, origin_y_m) in us_image."""

    labels: NDArray[np.uint8]
    origin_x_m: float
    origin_y_m: float
    spacing_m: float


@dataclass(frozen=True)
class ClassExtent:
    """Area of one class in the frame [m^2] with its standard deviation, and its centroid in us_image [m]."""

    tissue: SegmentationClass
    area_m2: float
    sigma_m2: float
    centroid_x_m: float
    centroid_y_m: float


@dataclass(frozen=True)
class Landmark:
    """A named point in us_image (2,) [m] with its covariance (2, 2) [m^2]."""

    name: str
    position_m: NDArray[np.float64]
    covariance_m2: NDArray[np.float64]


@dataclass(frozen=True)
class Box:
    """A detection in us_image [m]."""

    kind: str
    score: float
    left_m: float
    top_m: float
    right_m: float
    bottom_m: float


@dataclass(frozen=True)
class Guidance:
    """Estimated motion from the present probe pose to a standard view.

    `relative_pose_twist` is the log (se3.log) of `T_probe_target` (6,) [m, rad], expressed in `probe` at its origin;
    `sigma` is its standard deviation per component. Source of the idea: Echo-POSED (relative pose regression towards a
    standard view).
    """

    view: View
    relative_pose_twist: NDArray[np.float64]
    sigma: NDArray[np.float64]


@dataclass(frozen=True)
class PerceptionResult:
    """Result of one frame: same stamp, same sequence.

    `heads` are those of the model; fields of other heads are unknown, not "nothing found".
    """

    stamp_ns: int
    sequence: int
    geometry: ProbeGeometry
    label_map: LabelMap
    extents: tuple[ClassExtent, ...]  # classes present only
    view_probability: NDArray[np.float64]  # (len(View),), sums to 1
    quality: float  # 0..1
    coupling: NDArray[np.float64]  # (16,) 0..1 per column group, left to right
    ood_score: float  # 0 in distribution .. 1 out of distribution
    guidance: tuple[Guidance, ...] = ()
    landmarks: tuple[Landmark, ...] = ()
    boxes: tuple[Box, ...] = ()
    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    model_id: str = ""
    model_sha256: str = ""
    latency_s: float = 0.0
    enhanced: NDArray[np.uint8] | None = None  # (128, 128) on the label map's cells, speckle-reduced, for display only
    heads: frozenset[HeadName] = ALL_HEADS

    @property
    def view(self) -> View:
        """Most probable view."""
        return View(int(np.argmax(self.view_probability)))

    @property
    def nearest_view(self) -> View:
        """Most probable standard view, also where NONE is more probable: the nearest view by appearance."""
        standard = [view for view in View if view != View.NONE]
        return max(standard, key=lambda view: float(self.view_probability[view]))

    def extent(self, tissue: SegmentationClass) -> ClassExtent | None:
        """Extent of a class, or None when it is absent."""
        return next((e for e in self.extents if e.tissue == tissue), None)

    def guidance_to(self, view: View) -> Guidance | None:
        """Guidance to a view, or None when the model gives none."""
        return next((g for g in self.guidance if g.view == view), None)
