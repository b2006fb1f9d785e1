"""Many tracked aortic sections become diameters by station, corrected for tilt and bulge, and one supported maximum."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import radians, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from echopilot_core import Convention, EndPoint, Finding, FindingKind, GateStatus, Measurement, View
from echopilot_perception.anomaly import measured_finding
from echopilot_perception.measure import Cuts, cuts_of

Array = NDArray[np.float64]

STATION_M = 0.004
MIN_FRAMES_PER_STATION = 3
SMOOTHED_STATIONS = 7
NOISE_M = 0.0001
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

    Stations, obliquity and the stretch that is divided out come from `echopilot_perception.measure.cuts_of`; where the
    vessel is no tube, `bulge_m` gives back what that takes too much.
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
                station_m=float(station_m),
            )
        )
    return tuple(measurements)


def bulge_m(arc_m: Array, diameter_m: Array, stretch: Array, lean: Array) -> Array:
    """What to add (N,) [m] to diameters (N,) that were taken from tilted sections as those of a tube.

    A section that leans meets the front and the back wall up and down the vessel, by `lean` of its half extent: in a
    tube that does not matter, in a sac the wall there is narrower, and a sphere is not stretched at all. One step of
    Van Cittert's deconvolution (1931, Z Phys 69:298) on the smoothed profile (Savitzky-Golay) along arcs (N,) [m], at
    most the stretch itself; nothing for a profile that is too short to smooth.
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
    """Sine (N,) of the angle by which the image's y axis leans along the vessel, from stretch and obliquity."""
    return np.asarray(np.cos(cuts.obliquity_rad) * np.sqrt(np.maximum(cuts.ap_stretch**2 - 1.0, 0.0)))


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
