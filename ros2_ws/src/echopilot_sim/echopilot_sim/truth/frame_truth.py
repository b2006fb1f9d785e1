"""Ground truth of a `FrameState`, from closed forms and the renderer's label function.

Never imported by perception, control, exam or report.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import ANEURYSM_M, LabelMap, SegmentationClass, View
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.anatomy.heart.beating_heart import lv_volume_m3
from echopilot_sim.bmode.sound.contact import element_coupling
from echopilot_sim.frame_state import FrameState
from echopilot_sim.mask_grids import NETWORK_CELLS, CellGrid
from echopilot_sim.truth.aorta import AortaTruth, aorta_truth, max_outer_diameter_m
from echopilot_sim.truth.landmarks import landmarks, root_diameter_m
from echopilot_sim.truth.masks import DiseaseMask, exact_masks, visible_mask
from echopilot_sim.truth.poses import ViewError, nearest, view_errors

COUPLING_GROUPS = 16
JUDGED = (
    SegmentationClass.LV,
    SegmentationClass.LV_MYO,
    SegmentationClass.LA,
    SegmentationClass.RV,
    SegmentationClass.RA,
    SegmentationClass.AO_ROOT,
    SegmentationClass.AO_LUMEN,
    SegmentationClass.AO_WALL,
)


@dataclass(frozen=True)
class Truth:
    """Ground truth of one frame state; `view` is the nearest standard view, NONE beyond 15 degrees or 15 mm."""

    stamp_ns: int
    sequence: int
    view: View
    errors: tuple[ViewError, ...]
    quality: float  # 0..1
    contact: NDArray[np.float64]  # (64,) 0..1 per element, from the -x to the +x end of the face
    coupling: NDArray[np.float64]  # (16,) the same per column group
    aorta: AortaTruth | None
    max_aorta_outer_m: float  # of the patient
    aneurysm: bool
    lv_volume_m3: float  # NaN, as the next two, without a modeled heart
    lv_edv_m3: float
    ejection_fraction: float
    root_m: float  # largest leading-edge diameter of aortic root and ascending aorta; NaN without a heart
    exact: LabelMap | None = None
    visible: LabelMap | None = None
    disease: DiseaseMask | None = None
    landmarks_m: NDArray[np.float64] | None = None  # (7, 2) in us_image by LandmarkName, NaN off the plane

    def error(self, view: View) -> ViewError | None:
        """Pose error against a view, None where the patient has no such view."""
        return next((e for e in self.errors if e.view == view), None)


def truth_of(
    anatomy: Anatomy,
    frame_state: FrameState,
    mask: bool = False,
    visibility: NDArray[np.float32] | None = None,
    cells: CellGrid = NETWORK_CELLS,
) -> Truth:
    """Truth of a frame state; `mask` adds the exact mask on `cells`, `visibility` the visible one on the same cells."""
    errors = view_errors(anatomy, frame_state)
    best = nearest(errors)
    distance = math.inf if best is None else best.distance
    contact = element_coupling(frame_state.gap_m, frame_state.gel_m)
    aorta = aorta_truth(anatomy, frame_state)
    masks = exact_masks(anatomy, frame_state, cells) if mask or visibility is not None else None
    exact = None if masks is None else masks[0]
    visible, seen = None, 1.0
    if exact is not None and visibility is not None:
        inside = cells.in_sector(frame_state.imaging)
        visible = visible_mask(exact, visibility, inside)
        wanted = inside & np.isin(exact.labels, JUDGED)
        seen = float(np.mean(visible.labels[wanted] == exact.labels[wanted])) if wanted.any() else 0.0
    largest = max_outer_diameter_m(anatomy)
    heart = anatomy.patient.heart
    return Truth(
        stamp_ns=frame_state.stamp_ns,
        sequence=frame_state.sequence,
        view=View.NONE if best is None or distance > 1.0 else best.view,
        errors=errors,
        quality=_quality(float(contact.mean()), distance, seen),
        contact=contact,
        coupling=contact.reshape(COUPLING_GROUPS, -1).mean(axis=1),
        aorta=aorta,
        max_aorta_outer_m=largest,
        aneurysm=largest >= ANEURYSM_M,
        lv_volume_m3=math.nan if heart is None else lv_volume_m3(heart, frame_state.phases.heart),
        lv_edv_m3=math.nan if heart is None else heart.edv_m3,
        ejection_fraction=math.nan if heart is None else heart.ejection_fraction,
        root_m=math.nan if heart is None else root_diameter_m(heart),
        exact=exact,
        visible=visible,
        disease=None if masks is None else masks[1],
        landmarks_m=None if masks is None else landmarks(anatomy, frame_state, aorta),
    )


def _quality(contact: float, distance: float, seen: float) -> float:
    """Contact times visible share times closeness to a standard view (1 on it, 0.6 at "near", 0 far away)."""
    return contact * seen * math.exp(-0.5 * distance * distance)
