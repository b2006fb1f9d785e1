"""Marks of single frames: masks, view, quality, aorta, landmarks, guidance."""

import math

import numpy as np

from echopilot_core import FindingKind, LandmarkName, Seen, Tissue, View, se3
from echopilot_lab.evaluation.marks import GuidanceError, Judged, Marks
from echopilot_lab.producing import Picture
from echopilot_lab.rendered import GUIDANCE_LIMITS
from echopilot_lab.shown import MIN_COUPLING, label_view, visible_landmarks
from echopilot_perception.anomaly import suspicions
from echopilot_perception.anomaly.thresholds import SIZES
from echopilot_sim.cells import NETWORK_CELLS
from echopilot_sim.truth import Truth

NEAR_M, NEAR_RAD = 0.03, math.radians(30.0)
GOOD_SECTION_RAD, GOOD_SECTION_CELLS = math.radians(20.0), 60
CLEARLY_IN, CLEARLY_OUT = 0.67, 1.5  # of 15 degrees and 15 mm: nearer or farther, nobody would dispute the view
TOUCHING = 0.5  # mean coupling from which a picture is one of the patient, and none of a lifted probe


def count(marks: Marks, seen: Seen, picture: Picture) -> None:
    """Add one frame of a patient, its truth with masks, to the marks."""
    truth = picture.truth
    assert truth.visible is not None
    _count_cells(marks, seen, picture)
    view = label_view(truth)
    marks.view_true.append(int(view))
    marks.view_said.append(int(seen.view))
    distance = min((e.distance for e in truth.errors), default=math.inf)
    marks.view_clear.append(distance < CLEARLY_IN if view != View.NONE else distance > CLEARLY_OUT)
    marks.view_sure.append(float(seen.view_probability.max()))
    marks.quality_true.append(truth.quality)
    marks.quality_said.append(seen.quality)
    marks.latency_ms.append(1e3 * seen.latency_s)
    touching = float(truth.coupling.mean())
    if touching > TOUCHING:
        marks.ood_usual.append(seen.ood_score)
    marks.judged.append(Judged(FindingKind.NO_CONTACT.name, 1.0 - float(seen.coupling.mean()), touching < 0.2))
    _count_aorta(marks, seen, truth, view)
    _count_landmarks(marks, seen, truth)
    _count_foreshortening(marks, seen, truth)
    if touching > MIN_COUPLING:
        _count_guidance(marks, seen, truth)


def _count_cells(marks: Marks, seen: Seen, picture: Picture) -> None:
    assert picture.truth.visible is not None
    true, said = picture.truth.visible.labels, seen.label_map.labels
    n = len(Tissue)
    cells = [np.bincount(x.ravel(), minlength=n) for x in (true, said, true[true == said])]
    there = cells[0] > 0
    marks.true_cells += cells[0]
    marks.said_cells += np.where(there, cells[1], 0)
    marks.both_cells += cells[2]
    sector = max(int(NETWORK_CELLS.in_sector(picture.moment.imaging).sum()), 1)
    marks.false_share += np.where(there, 0.0, cells[1] / sector)
    marks.absent += ~there


def _count_aorta(marks: Marks, seen: Seen, truth: Truth, view: View) -> None:
    """Outer AP diameter on frames that truly show the aorta in good transverse section."""
    assert truth.visible is not None
    if view != View.AORTA_TRANS or truth.aorta is None or truth.aorta.obliquity_rad > GOOD_SECTION_RAD:
        return
    if int((truth.visible.labels == Tissue.AO_LUMEN).sum()) < GOOD_SECTION_CELLS:
        return
    for name, errors in (("aorta_outer_ap", marks.aorta_mm), ("aorta_outer_ap_direct", marks.aorta_direct_mm)):
        found = next((m for m in seen.measurements if m.name == name), None)
        if found is not None:
            errors.append(1e3 * (found.value - truth.aorta.outer_ap_m))
        elif name == "aorta_outer_ap":
            marks.aorta_missed.append(1)


def _count_landmarks(marks: Marks, seen: Seen, truth: Truth) -> None:
    said = {mark.name: mark.position_m for mark in seen.landmarks}
    for name, point in zip(LandmarkName, visible_landmarks(truth), strict=True):
        there = bool(np.isfinite(point).all())
        marks.landmark_right.append(there == (name.name in said))
        if there and name.name in said:
            marks.landmark_mm.append((name.name, 1e3 * float(np.linalg.norm(said[name.name] - point))))


def _count_foreshortening(marks: Marks, seen: Seen, truth: Truth) -> None:
    """Angle between the image plane and the standard long axis, where the frame says anything about it."""
    kind, error = FindingKind.FORESHORTENED, truth.error(View.A4C)
    found = next((s for s in suspicions(seen) if s.kind == kind), None)
    if found is None or error is None:
        return
    tilt = math.asin(min(abs(float(se3.exp(error.motion)[1, 2])), 1.0))
    limit = SIZES[kind]
    marks.judged.append(Judged(kind.name, found.score, tilt > limit.value, not limit.low <= tilt <= limit.high))


def _count_guidance(marks: Marks, seen: Seen, truth: Truth) -> None:
    for target, (limit_m, limit_rad) in GUIDANCE_LIMITS.items():
        guidance, error = seen.guidance_to(target), truth.error(target)
        if guidance is None or error is None or error.offset_m >= limit_m or error.angle_rad >= limit_rad:
            continue
        gap = guidance.motion - error.motion
        near = error.offset_m < NEAR_M and error.angle_rad < NEAR_RAD
        offset_mm, angle_deg = 1e3 * float(np.linalg.norm(gap[:2])), math.degrees(float(np.linalg.norm(gap[3:])))
        marks.guidance.append(GuidanceError(target.name, offset_mm, angle_deg, near))
