"""Accuracy of a sweep along the aorta: measured center and image plane against the true course."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array, MeasurementName, se3
from echopilot_core.timing.pose_history import MAX_GAP_S
from echopilot_exam.record import ExamRecord
from echopilot_lab.trials.scores import TruthSample


@dataclass(frozen=True)
class SweepErrors:
    """Per swept frame, in order: distance [mm] of the measured center of the aortic outline, placed in base by the pose
    that the exam knew, from the true center line under the actual indentation; angle [deg] between the normal of the
    image plane and the true course.
    """

    centreline_mm: tuple[float, ...] = ()
    orientation_deg: tuple[float, ...] = ()


def sweep_errors(record: ExamRecord, truth: Sequence[TruthSample], sequences: Sequence[int]) -> SweepErrors:
    """Errors over the frames `sequences` that the exam kept of its sweep, where the plane cuts the aorta."""
    true = {s.sequence: s for s in truth}
    seen = {s.sequence: s for s in record.perception}
    stamps = np.array([s.stamp_ns for s in record.trace])
    distances, angles = [], []
    for sequence in sequences:
        sample = true.get(sequence)
        if sample is None or sample.aorta_centre_m is None or sample.aorta_along is None:
            continue
        angles.append(math.degrees(sample.obliquity_rad))
        ends = next((m.end_points for m in seen[sequence].measurements if m.name is MeasurementName.AORTA_OUTER_AP), ())
        T_base_probe = _pose_at(record, stamps, sample.stamp_ns)
        if len(ends) != 2 or T_base_probe is None:
            continue
        middle = np.array([(ends[0].x_m + ends[1].x_m) / 2.0, (ends[0].y_m + ends[1].y_m) / 2.0, 0.0])
        miss = se3.apply(T_base_probe @ se3.T_PROBE_US_IMAGE, middle[None])[0] - sample.aorta_centre_m
        along = sample.aorta_along
        distances.append(1e3 * float(np.linalg.norm(miss - float(miss @ along) * along)))
    return SweepErrors(tuple(round(v, 3) for v in distances), tuple(round(v, 2) for v in angles))


def _pose_at(record: ExamRecord, stamps_ns: NDArray[np.int64], stamp_ns: int) -> Array | None:
    """Pose of the probe between two ticks of the record, interpolated on SE(3); None outside or across a gap."""
    i = int(np.searchsorted(stamps_ns, stamp_ns))
    if i == 0 or i == len(stamps_ns) or stamps_ns[i] - stamps_ns[i - 1] > MAX_GAP_S * 1e9:
        return None
    before, after = record.trace[i - 1].T_base_probe, record.trace[i].T_base_probe
    share = (stamp_ns - stamps_ns[i - 1]) / (stamps_ns[i] - stamps_ns[i - 1])
    return se3.between(before, after, share)
