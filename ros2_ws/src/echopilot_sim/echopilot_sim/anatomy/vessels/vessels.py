"""The vessels of a patient: tubes, their index, and the abdominal aorta as a curve with stations."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echopilot_core import Array, EchoPilotError
from echopilot_sim.anatomy.vessels.tube import TubeKind, VesselTube
from echopilot_sim.anatomy.vessels.tube_grid import TubeGrid, build_grid

PULSE = 0.03


@dataclass(frozen=True)
class VesselSection:
    """Cross-section of the aorta at mid pulse: an outer ellipse and an inner one, in the plane of `u` and `v`.

    Half-axes are `outer_m` and `lumen_m` along u, `flatness` times that along v. `tangent` points downstream.
    """

    station_m: float
    course_m: Array  # (3,) where the course passes
    centre_m: Array  # (3,) of the outer ellipse
    lumen_center_m: Array  # (3,)
    tangent: Array
    u: Array
    v: Array
    outer_m: float
    lumen_m: float
    flatness: float

    def half_width(self, direction: Array) -> tuple[float, float]:
        """Half the chords [m] of the outer and the inner ellipse through their centers along a direction (3,)."""
        along, across = float(direction @ self.u), float(direction @ self.v)
        length = math.hypot(along, across)
        scale = length / math.hypot(along, across / self.flatness)
        return self.outer_m * scale, self.lumen_m * scale


@dataclass(frozen=True)
class Vessels:
    """All vessels of a patient. Make one with `Vessels.of`.

    Stations count arc length along the course of the aorta below `abdominal_start_m`, the arc length at which its
    abdominal part begins. `abdominal_arc_m` (k,) are stations from 0 to the bifurcation, at most 2 mm apart; it has
    one entry, 0, for a patient without an abdominal aorta.
    """

    tubes: tuple[VesselTube, ...]
    grid: TubeGrid
    aorta: VesselTube | None
    abdominal_start_m: float
    abdominal_arc_m: Array

    @staticmethod
    def of(tubes: Sequence[VesselTube], abdominal_m: tuple[float, float] | None) -> "Vessels":
        """Vessels from tubes; `abdominal_m` is the range of arc lengths along the AORTA tube that is abdominal.

        Raises EchoPilotError for two aortas, or a range that is empty or leaves the aorta.
        """
        aortas = [t for t in tubes if t.kind == TubeKind.AORTA]
        if len(aortas) > 1:
            raise EchoPilotError(f"a patient has one tube of kind AORTA, got {', '.join(t.name for t in aortas)}")
        if abdominal_m is None or not aortas:
            if abdominal_m is not None:
                raise EchoPilotError("an abdominal range needs a tube of kind AORTA")
            return Vessels(tuple(tubes), build_grid(tubes), aortas[0] if aortas else None, 0.0, np.zeros(1))
        start, end = abdominal_m
        length = float(aortas[0].arc_m[-1])
        if not -1e-9 <= start < end <= length + 1e-6:
            raise EchoPilotError(f"abdominal range must lie within 0 to {length:.4f} m of the aorta, got {abdominal_m}")
        steps = max(math.ceil((end - start) / 0.002), 2)
        return Vessels(tuple(tubes), build_grid(tubes), aortas[0], start, np.linspace(0.0, end - start, steps + 1))

    @property
    def has_abdominal_aorta(self) -> bool:
        """False where neither aortic views nor diameters exist."""
        return self.abdominal_arc_m.size > 1

    def points(self, stations_m: Array) -> Array:
        """Centers (n, 3) [m] in patient of the outer cross-sections at stations (n,)."""
        aorta = self._aorta()
        at = self.abdominal_start_m + np.atleast_1d(stations_m)
        return np.stack([np.interp(at, aorta.arc_m, aorta.outer_center_m[:, k]) for k in range(3)], axis=-1)

    def course_points(self, stations_m: Array) -> Array:
        """Points (n, 3) [m] of the course, which a bulge on one side does not move."""
        aorta = self._aorta()
        at = self.abdominal_start_m + np.atleast_1d(stations_m)
        return np.stack([np.interp(at, aorta.arc_m, aorta.centre_m[:, k]) for k in range(3)], axis=-1)

    def section(self, station_m: float) -> VesselSection:
        """Cross-section at a station; NaN gives the middle of the abdominal aorta."""
        aorta = self._aorta()
        if math.isnan(station_m):
            station_m = 0.5 * float(self.abdominal_arc_m[-1])
        arc = aorta.arc_m
        at = min(max(self.abdominal_start_m + station_m, 0.0), float(arc[-1]))
        i = min(max(int(np.searchsorted(arc, at)) - 1, 0), arc.size - 2)
        f = float((at - arc[i]) / (arc[i + 1] - arc[i]))

        def mix(values: Array) -> Array:
            return np.asarray(values[i] + f * (values[i + 1] - values[i]))

        tangent, u = mix(aorta.tangent), mix(aorta.u)
        tangent /= np.linalg.norm(tangent)
        u = u - (u @ tangent) * tangent
        u /= np.linalg.norm(u)
        v = np.cross(tangent, u)
        course = mix(aorta.centre_m)
        moved = np.zeros(2) if aorta.outer_shift_m is None else mix(aorta.outer_shift_m)
        center = course + moved[0] * u + moved[1] * v
        shift = mix(aorta.shift_m)
        lumen_center = center + shift[0] * u + shift[1] * v
        outer, lumen = float(mix(aorta.outer_m)), float(mix(aorta.lumen_m))
        flatness = float(mix(np.broadcast_to(aorta.flatness, arc.shape)))
        return VesselSection(station_m, course, center, lumen_center, tangent, u, v, outer, lumen, flatness)

    def station_of(self, point_m: Array) -> float:
        """Station [m] of the point of the abdominal course nearest to a point (3,) of patient."""
        stations = self.abdominal_arc_m
        line = self.course_points(stations)
        i = int(np.argmin(np.linalg.norm(line - point_m, axis=1)))
        best, nearest = float(stations[i]), math.inf
        for a in range(max(i - 1, 0), min(i + 1, len(stations) - 1)):
            step = line[a + 1] - line[a]
            t = min(max(float((point_m - line[a]) @ step / (step @ step)), 0.0), 1.0)
            distance = float(np.linalg.norm(line[a] + t * step - point_m))
            if distance < nearest:
                best, nearest = float(stations[a] + t * (stations[a + 1] - stations[a])), distance
        return best

    def direction(self, station_m: float, span_m: float = 0.06) -> Array:
        """Upstream unit direction (3,) of the course over `span_m` around a station."""
        first, last = -self.abdominal_start_m, float(self.abdominal_arc_m[-1])
        ends = np.clip(min(max(station_m, first), last) + np.array([-0.5, 0.5]) * span_m, first, last)
        upper, lower = self.course_points(ends)
        return np.asarray((upper - lower) / np.linalg.norm(upper - lower))

    def max_outer_diameter_m(self) -> float:
        """Largest outer diameter [m] of the abdominal aorta at mid pulse, along u or v; 0 without one."""
        if not self.has_abdominal_aorta:
            return 0.0
        aorta = self._aorta()
        at = self.abdominal_start_m + self.abdominal_arc_m
        return 2.0 * float(np.interp(at, aorta.arc_m, aorta.outer_m * np.maximum(aorta.flatness, 1.0)).max())

    def _aorta(self) -> VesselTube:
        if self.aorta is None:
            raise EchoPilotError("this patient has no aorta: nothing can be asked along it")
        return self.aorta


def pulse(phase: float) -> float:
    """Relative change of the arterial radii, -3 % in late diastole to +3 % at peak pressure."""
    phase = phase % 1.0
    rise = min(phase / 0.22, 1.0)
    shape = rise * rise * (3.0 - 2.0 * rise)
    if phase > 0.22:
        shape *= 1.0 - (t := (phase - 0.22) / 0.78) * t * (3.0 - 2.0 * t)
    return PULSE * (2.0 * shape - 1.0)
