"""Many tracked aortic sections become diameters by station, corrected for tilt, and one supported maximum."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import radians, sqrt

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Convention, EndPoint, Finding, FindingKind, GateStatus, Measurement, View
from echopilot_perception.anomaly import measured_finding
from echopilot_perception.measure import cuts_of

Array = NDArray[np.float64]

STATION_M = 0.004
MIN_FRAMES_PER_STATION = 3
MAX_OBLIQUITY_RAD = radians(25.0)
"""Sections cut more obliquely are left out; below, the diameter is corrected for the tilt."""
NEIGHBOUR_SUPPORT_M = 0.003
"""A maximum counts only when a neighbouring station comes within this of it."""

STATION_NAME = "aorta_outer_ap"
MAXIMUM_NAME = "aorta_max_outer_ap"
THIRDS = ("aorta_proximal_outer_ap", "aorta_mid_outer_ap", "aorta_distal_outer_ap")
MIN_THIRDS_M = 0.060
"""A shorter sweep has no proximal, mid and distal part to speak of."""


@dataclass(frozen=True)
class Section:
    """One transverse section of the aorta with the pose of its image plane.

    `outer_ap_m` is the outer-to-outer extent [m] along image y of the outline centred at `centroid_m` (2,).
    """

    sequence: int
    T_base_image: Array
    centroid_m: Array
    outer_ap_m: float
    sigma_m: float = 0.0005
    end_points: tuple[EndPoint, ...] = ()


def station_diameters(sections: Sequence[Section]) -> tuple[Measurement, ...]:
    """Outer AP diameter [m] per 4 mm station of arc length, robust median of at least three corrected frames.

    Stations, obliquity and the stretch that is divided out come from `echopilot_perception.measure.cuts_of`.
    """
    usable = [s for s in sections if _finite(s)]
    if not usable:
        return ()
    poses = np.stack([s.T_base_image for s in usable])
    centroids = np.stack([s.centroid_m for s in usable])
    cuts = cuts_of(poses, centroids)
    if cuts is None:
        return ()
    stations = np.floor(cuts.arc_m / STATION_M).astype(int)
    obliquity = cuts.obliquity_rad
    corrected = np.array([s.outer_ap_m for s in usable]) / cuts.ap_stretch
    measurements = []
    for station in np.unique(stations):
        members = np.flatnonzero((stations == station) & (obliquity <= MAX_OBLIQUITY_RAD))
        if len(members) < MIN_FRAMES_PER_STATION:
            continue
        values = corrected[members]
        median = float(np.median(values))
        spread = 1.4826 * float(np.median(np.abs(values - median)))
        frame_sigma = float(np.median([usable[i].sigma_m for i in members]))
        typical = usable[members[int(np.argmin(np.abs(values - median)))]]
        measurements.append(
            Measurement(
                name=STATION_NAME,
                value=median,
                unit="m",
                sigma=sqrt(spread**2 / len(members) + frame_sigma**2),
                view=View.AORTA_TRANS,
                convention=Convention.OUTER_TO_OUTER,
                obliquity_rad=float(np.median(obliquity[members])),
                gate=GateStatus.PASSED,
                end_points=typical.end_points,
                frame_sequences=(typical.sequence, *(usable[i].sequence for i in members if usable[i] is not typical)),
                station_m=(float(station) + 0.5) * STATION_M,
            )
        )
    return tuple(measurements)


def maximum_diameter(stations: Sequence[Measurement]) -> Measurement | None:
    """Largest station diameter that a neighbouring station supports; None when no station has support."""
    supported = [
        station
        for station in stations
        if any(
            other is not station
            and abs(other.station_m - station.station_m) < 1.5 * STATION_M
            and other.value >= station.value - NEIGHBOUR_SUPPORT_M
            for other in stations
        )
    ]
    if not supported:
        return None
    return replace(max(supported, key=lambda station: station.value), name=MAXIMUM_NAME)


def third_diameters(stations: Sequence[Measurement]) -> tuple[Measurement, ...]:
    """Proximal, mid and distal diameter: the median station of each third of the sweep; none for a short one."""
    if not stations:
        return ()
    first, last = stations[0].station_m, stations[-1].station_m
    if last - first < MIN_THIRDS_M:
        return ()
    rows = []
    for third, name in enumerate(THIRDS):
        low, high = (first + (last - first) * k / 3.0 for k in (third, third + 1))
        part = sorted((s for s in stations if low <= s.station_m <= high), key=lambda s: s.value)
        rows += [replace(part[len(part) // 2], name=name)] if part else []
    return tuple(rows)


def aneurysm_finding(maximum: Measurement) -> Finding | None:
    """The suspicion that the largest diameter raises, if any (thresholds: echopilot_perception.anomaly)."""
    return measured_finding(FindingKind.ANEURYSM_ABDOMINAL, maximum)


def _finite(section: Section) -> bool:
    return bool(
        np.isfinite(section.outer_ap_m)
        and section.outer_ap_m > 0.0
        and np.isfinite(section.sigma_m)
        and np.isfinite(section.centroid_m).all()
        and np.isfinite(section.T_base_image).all()
    )
