"""Aortic diameters by station from tracked sections, corrected for tilt and bulge, and their supported maximum."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import radians, sqrt

import numpy as np
from scipy.signal import savgol_filter

from echopilot_core import Array, CaliperPoint, Finding, FindingKind, GateStatus, Measurement, MeasurementName, View
from echopilot_core.measurement_name import THIRD_MAXIMA, THIRD_MEDIANS
from echopilot_perception.anomaly import measured_finding
from echopilot_perception.measure import Cuts, cuts_of

STATION_M = 0.004
MIN_FRAMES_PER_STATION = 3
SMOOTHED_STATIONS = 7
NOISE_M = 0.0001
MAX_OBLIQUITY_RAD = radians(25.0)
"""Sections with a larger obliquity are excluded; below it the diameter is corrected for the tilt."""
NEIGHBOR_SUPPORT_M = 0.003
"""A maximum counts only when the diameter of a neighboring station lies within this of it."""

THIRDS = THIRD_MEDIANS + THIRD_MAXIMA
MIN_THIRDS_M = 0.060
"""A shorter sweep is not divided into proximal, mid and distal parts."""


@dataclass(frozen=True)
class AortaSection:
    """One transverse section of the aorta with the pose of its image plane.

    `outer_ap_m` is the outer-to-outer extent [m] along image y of the outline centered at `centroid_m` (2,).
    """

    sequence: int
    T_base_image: Array
    centroid_m: Array
    outer_ap_m: float
    sigma_m: float = 0.0005
    end_points: tuple[CaliperPoint, ...] = ()


def station_diameters(sections: Sequence[AortaSection]) -> tuple[Measurement, ...]:
    """Outer AP diameter [m] per 4 mm station of arc length, robust median of at least three corrected frames.

    Stations, obliquity and the stretch that is divided out come from `echopilot_perception.measure.cuts_of`; `bulge_m`
    corrects the result where the vessel is not a tube.
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
    kept = [np.flatnonzero((stations == station) & (obliquity <= MAX_OBLIQUITY_RAD)) for station in np.unique(stations)]
    kept = [members for members in kept if len(members) >= MIN_FRAMES_PER_STATION]
    if not kept:
        return ()
    as_of_tube = np.array([s.outer_ap_m for s in usable]) / cuts.ap_stretch
    stretch, lean = (np.array([np.median(row[m]) for m in kept]) for row in (cuts.ap_stretch, _lean(cuts)))
    arc_m = (np.array([stations[members[0]] for members in kept]) + 0.5) * STATION_M
    added_m = bulge_m(arc_m, np.array([np.median(as_of_tube[m]) for m in kept]), stretch, lean)
    measurements = []
    for members, station_m, extra_m in zip(kept, arc_m, added_m, strict=True):
        values = as_of_tube[members] + extra_m
        median = float(np.median(values))
        spread = 1.4826 * float(np.median(np.abs(values - median)))
        frame_sigma = float(np.median([usable[i].sigma_m for i in members]))
        typical = usable[members[int(np.argmin(np.abs(values - median)))]]
        measurements.append(
            Measurement(
                name=MeasurementName.AORTA_OUTER_AP,
                value=median,
                unit=MeasurementName.AORTA_OUTER_AP.unit,
                sigma=sqrt(spread**2 / len(members) + frame_sigma**2),
                view=View.AORTA_TRANS,
                convention=MeasurementName.AORTA_OUTER_AP.convention,
                obliquity_rad=float(np.median(obliquity[members])),
                gate=GateStatus.PASSED,
                end_points=typical.end_points,
                frame_sequences=(typical.sequence, *(usable[i].sequence for i in members if usable[i] is not typical)),
                station_m=float(station_m),
            )
        )
    return tuple(measurements)


def bulge_m(arc_m: Array, diameter_m: Array, stretch: Array, lean: Array) -> Array:
    """Correction (N,) [m] to add to diameters (N,) that were measured in tilted sections as those of a tube.

    A tilted section meets the anterior and the posterior wall `lean` times its half extent up and down the vessel. In a
    tube this has no effect; in a sac the wall there is narrower, and a sphere is not stretched at all. One step of Van
    Cittert's deconvolution (1931, Z Phys 69:298) on the smoothed profile (Savitzky-Golay) along arcs (N,) [m], at
    most the stretch itself; zero for a profile that is too short to smooth.
    """
    grid_m = np.arange(arc_m[0], arc_m[-1] + 0.5 * STATION_M, STATION_M)
    if len(grid_m) < SMOOTHED_STATIONS:
        return np.zeros_like(arc_m)
    smooth_m = savgol_filter(np.interp(grid_m, arc_m, diameter_m), SMOOTHED_STATIONS, 2)
    reach_m, most_m = 0.5 * diameter_m * stretch * lean, diameter_m * (stretch - 1.0)
    before, here, after = (np.interp(arc_m + way * reach_m, grid_m, smooth_m) for way in (-1.0, 0.0, 1.0))
    added_m = np.clip(here - 0.5 * (before + after), -most_m, most_m)
    return np.where(np.abs(added_m) > NOISE_M, added_m, 0.0)


def _lean(cuts: Cuts) -> Array:
    """Sine (N,) of the tilt of the image's y axis along the vessel, from stretch and obliquity."""
    return np.asarray(np.cos(cuts.obliquity_rad) * np.sqrt(np.maximum(cuts.ap_stretch**2 - 1.0, 0.0)))


def maximum_diameter(stations: Sequence[Measurement]) -> Measurement | None:
    """Largest station diameter that a neighboring station supports; None when no station has support."""
    supported = _supported(stations)
    if not supported:
        return None
    return replace(max(supported, key=lambda station: station.value), name=MeasurementName.AORTA_MAX_OUTER_AP)


def third_diameters(stations: Sequence[Measurement]) -> tuple[Measurement, ...]:
    """Median and largest supported diameter of each third of the sweep, in the order of THIRDS; none for a short one.

    The largest of the thirds is `maximum_diameter`. A median of an even number of stations is the upper middle one, so
    that every number is that of a station.
    """
    if not stations:
        return ()
    first, last = stations[0].station_m, stations[-1].station_m
    if last - first < MIN_THIRDS_M:
        return ()
    parts: list[list[Measurement]] = [[], [], []]
    for station in stations:
        parts[min(int(3.0 * (station.station_m - first) / (last - first)), 2)].append(station)
    kept = _supported(stations)
    supported = [[s for s in part if any(s is k for k in kept)] for part in parts]
    medians = [
        replace(sorted(part, key=lambda s: s.value)[len(part) // 2], name=name)
        for part, name in zip(parts, THIRD_MEDIANS, strict=True)
        if part
    ]
    maxima = [
        replace(max(part, key=lambda s: s.value), name=name)
        for part, name in zip(supported, THIRD_MAXIMA, strict=True)
        if part
    ]
    return (*medians, *maxima)


def aneurysm_finding(maximum: Measurement) -> Finding | None:
    """Finding raised by the largest diameter, or None (thresholds: echopilot_perception.anomaly)."""
    return measured_finding(FindingKind.ANEURYSM_ABDOMINAL, maximum)


def _supported(stations: Sequence[Measurement]) -> list[Measurement]:
    return [
        station
        for station in stations
        if any(
            other is not station
            and abs(other.station_m - station.station_m) < 1.5 * STATION_M
            and other.value >= station.value - NEIGHBOR_SUPPORT_M
            for other in stations
        )
    ]


def _finite(section: AortaSection) -> bool:
    return bool(
        np.isfinite(section.outer_ap_m)
        and section.outer_ap_m > 0.0
        and np.isfinite(section.sigma_m)
        and np.isfinite(section.centroid_m).all()
        and np.isfinite(section.T_base_image).all()
    )
