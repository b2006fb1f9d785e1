"""Places of suspicions: the widest place of a sweep, the place of frames, and where a second look begins."""

from collections.abc import Sequence
from math import nan

import numpy as np

from echopilot_control.search.windows import rotation_to_view
from echopilot_core import Array, Measurement, ProbePlace, View, se3
from echopilot_exam.measure.aorta_stations import AortaSection
from echopilot_exam.protocol.step import Step, StepStart
from echopilot_perception.measure import cuts_of


def widest_place(sections: Sequence[AortaSection], maximum: Measurement) -> ProbePlace | None:
    """Place of the section that stands for the largest diameter of a sweep; None when it is not among `sections`."""
    found = [s for s in sections if s.sequence in maximum.frame_sequences[:1]]
    return ProbePlace.of(_probe_pose(found[0]), maximum.station_m) if found else None


def place_of_frames(sections: Sequence[AortaSection], sequences: Sequence[int]) -> ProbePlace | None:
    """Place of the section nearest in time to the middle of the frames that show something; None without either.

    The station is the arc length along the vessel, as of diameters; NaN where the sections give no course.
    """
    if not sections or not sequences:
        return None
    middle = sorted(sequences)[len(sequences) // 2]
    index = int(np.argmin([abs(s.sequence - middle) for s in sections]))
    poses, centroids = (
        np.stack(rows) for rows in zip(*((s.T_base_image, s.centroid_m) for s in sections), strict=True)
    )
    cuts = cuts_of(poses, centroids)
    return ProbePlace.of(_probe_pose(sections[index]), nan if cuts is None else float(cuts.arc_m[index]))


def start_of(step: Step, place: ProbePlace | None, first: View, sections: Sequence[AortaSection]) -> Array | None:
    """Probe pose (4, 4) at which a step of a second look begins; None for the usual place of its view.

    Args:
        step: of the second look.
        place: of the suspicion, seen in the view `first`.
        first: view that the place was seen in.
        sections: of the sweep that raised the suspicion, for a start before the place.
    """
    if step.start is StepStart.USUAL or place is None:
        return None
    T = place.probe_pose
    if step.start is StepStart.BEFORE:
        return _before(sections, T, 0.5 * step.sweep_m)
    return T if step.view is first else turned(T, first, step.view)


def turned(T_base_view: Array, view: View, other: View) -> Array:
    """Probe pose (4, 4) for the view `other` at the same place, turned as the standard poses of the two are."""
    return se3.transform(rotation_to_view(T_base_view[:3, :3], view, other), T_base_view[:3, 3])


def _before(sections: Sequence[AortaSection], T_base_place: Array, distance_m: float) -> Array:
    """Pose (4, 4) of the section so far before a place of the sweep; the first one of a sweep that began later.

    A place without a sweep around it is returned as it is.
    """
    if len(sections) < 2:
        return T_base_place
    way_m = _way_m(sections)
    here = int(np.argmin([np.linalg.norm(_probe_pose(s)[:3, 3] - T_base_place[:3, 3]) for s in sections]))
    return _probe_pose(sections[int(np.argmin(np.abs(way_m - (way_m[here] - distance_m))))])


def _way_m(sections: Sequence[AortaSection]) -> Array:
    """Way (N,) [m] of the probe along the straight line from the first to the last section."""
    points = np.stack([_probe_pose(s)[:3, 3] for s in sections])
    line = points[-1] - points[0]
    return np.asarray((points - points[0]) @ line / max(float(np.linalg.norm(line)), 1e-9))


def _probe_pose(section: AortaSection) -> Array:
    return section.T_base_image @ se3.inverse(se3.T_PROBE_US_IMAGE)
