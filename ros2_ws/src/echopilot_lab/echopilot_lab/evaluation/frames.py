"""Marks of single frames: masks, view, quality, aorta, landmarks, guidance."""

import math

import numpy as np

from echopilot_core import FindingKind, LandmarkName, MeasurementName, PerceptionResult, SegmentationClass, View, se3
from echopilot_lab.datasets.sample_rendering import RenderedSample
from echopilot_lab.datasets.training_shards import GUIDANCE_LIMITS
from echopilot_lab.datasets.visible_labels import MIN_COUPLING, label_view, visible_landmarks
from echopilot_lab.evaluation.marks import GuidanceError, Marks, ScoredCase
from echopilot_perception.anomaly import suspicions
from echopilot_perception.anomaly.thresholds import SIZES
from echopilot_sim.mask_grids import network_cells
from echopilot_sim.truth.frame_truth import Truth

NEAR_M, NEAR_RAD = 0.03, math.radians(30.0)
GOOD_SECTION_RAD, GOOD_SECTION_CELLS = math.radians(20.0), 60
CLEARLY_IN, CLEARLY_OUT = 0.67, 1.5  # of 15 degrees and 15 mm: nearer or farther, nobody would dispute the view
TOUCHING = 0.5  # mean coupling from which an image is one of the patient, and none of a lifted probe


def count(marks: Marks, result: PerceptionResult, sample: RenderedSample) -> None:
    """Add one frame of a patient, its truth with masks, to the marks."""
    truth = sample.truth
    assert truth.visible is not None
    _count_cells(marks, result, sample)
    view = label_view(truth)
    marks.view_true.append(int(view))
    marks.predicted_view.append(int(result.view))
    distance = min((e.distance for e in truth.errors), default=math.inf)
    marks.view_clear.append(distance < CLEARLY_IN if view != View.NONE else distance > CLEARLY_OUT)
    marks.view_sure.append(float(result.view_probability.max()))
    marks.quality_true.append(truth.quality)
    marks.predicted_quality.append(result.quality)
    marks.latency_ms.append(1e3 * result.latency_s)
    touching = float(truth.coupling.mean())
    if touching > TOUCHING:
        marks.ood_usual.append(result.ood_score)
    marks.scored_cases.append(
        ScoredCase(FindingKind.NO_CONTACT.name, 1.0 - float(result.coupling.mean()), touching < 0.2)
    )
    _count_aorta(marks, result, truth, view)
    _count_landmarks(marks, result, truth)
    _count_foreshortening(marks, result, truth)
    if touching > MIN_COUPLING:
        _count_guidance(marks, result, truth)


def _count_cells(marks: Marks, result: PerceptionResult, sample: RenderedSample) -> None:
    assert sample.truth.visible is not None
    true, predicted = sample.truth.visible.labels, result.label_map.labels
    n = len(SegmentationClass)
    cells = [np.bincount(x.ravel(), minlength=n) for x in (true, predicted, true[true == predicted])]
    there = cells[0] > 0
    marks.true_cells += cells[0]
    marks.predicted_cells += np.where(there, cells[1], 0)
    marks.both_cells += cells[2]
    sector = max(int(network_cells(sample.frame_state.imaging.depth_m).in_sector(sample.frame_state.imaging).sum()), 1)
    marks.false_share += np.where(there, 0.0, cells[1] / sector)
    marks.absent += ~there


def _count_aorta(marks: Marks, result: PerceptionResult, truth: Truth, view: View) -> None:
    """Outer AP diameter on frames that truly show the aorta in good transverse section."""
    assert truth.visible is not None
    if view != View.AORTA_TRANS or truth.aorta is None or truth.aorta.obliquity_rad > GOOD_SECTION_RAD:
        return
    if int((truth.visible.labels == SegmentationClass.AO_LUMEN).sum()) < GOOD_SECTION_CELLS:
        return
    for name, errors in (
        (MeasurementName.AORTA_OUTER_AP, marks.aorta_mm),
        (MeasurementName.AORTA_OUTER_AP_DIRECT, marks.aorta_direct_mm),
    ):
        found = next((m for m in result.measurements if m.name is name), None)
        if found is not None:
            errors.append(1e3 * (found.value - truth.aorta.outer_ap_m))
        elif name is MeasurementName.AORTA_OUTER_AP:
            marks.aorta_missed.append(1)


def _count_landmarks(marks: Marks, result: PerceptionResult, truth: Truth) -> None:
    predicted = {mark.name: mark.position_m for mark in result.landmarks}
    for name, point in zip(LandmarkName, visible_landmarks(truth), strict=True):
        there = bool(np.isfinite(point).all())
        marks.landmark_right.append(there == (name.name in predicted))
        if there and name.name in predicted:
            marks.landmark_mm.append((name.name, 1e3 * float(np.linalg.norm(predicted[name.name] - point))))


def _count_foreshortening(marks: Marks, result: PerceptionResult, truth: Truth) -> None:
    """Angle between the image plane and the standard long axis, where the frame says anything about it."""
    kind, error = FindingKind.FORESHORTENED, truth.error(View.A4C)
    found = next((s for s in suspicions(result) if s.kind == kind), None)
    if found is None or error is None:
        return
    tilt = math.asin(min(abs(float(se3.exp(error.motion)[1, 2])), 1.0))
    limit = SIZES[kind]
    marks.scored_cases.append(
        ScoredCase(kind.name, found.score, tilt > limit.value, not limit.low <= tilt <= limit.high)
    )


def _count_guidance(marks: Marks, result: PerceptionResult, truth: Truth) -> None:
    for target, (limit_m, limit_rad) in GUIDANCE_LIMITS.items():
        guidance, error = result.guidance_to(target), truth.error(target)
        if guidance is None or error is None or error.offset_m >= limit_m or error.angle_rad >= limit_rad:
            continue
        gap = guidance.relative_pose_twist - error.motion
        near = error.offset_m < NEAR_M and error.angle_rad < NEAR_RAD
        offset_mm, angle_deg = 1e3 * float(np.linalg.norm(gap[:2])), math.degrees(float(np.linalg.norm(gap[3:])))
        marks.guidance.append(GuidanceError(target.name, offset_mm, angle_deg, near))
