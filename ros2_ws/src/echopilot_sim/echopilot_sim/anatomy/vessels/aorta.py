"""The aorta of a sampled patient: arch, descending and abdominal part, aneurysm and dissection."""

import math

import numpy as np

from echopilot_core import Array
from echopilot_sim.anatomy.heart.aortic_root import ascending_end
from echopilot_sim.anatomy.parameters import AneurysmShape, Aorta, Heart
from echopilot_sim.anatomy.vessels.tube import TubeKind, VesselTube, course, least_turning, tangents

DIAPHRAGM_Z_M = -0.015
WALL_M = 0.0015
_ASCENDING_WALL_M = 0.0018
_ON_SPINE_M = 0.004  # from the vertebral column to the outer wall
_THORACIC_X_M, _BESIDE_SPINE_M = 0.034, 0.020
_INSIDE_HEART_M = 0.005
_FLAP_RAMP_M = 0.015


def spine_front_y(back_y_m: float, z: float) -> float:
    """y [m] of the anterior face of the vertebral column: lumbar lordosis, thoracic kyphosis."""
    return back_y_m - 0.106 - 0.005 * math.cos((z + 0.12) / 0.09) + 0.022 / (1.0 + math.exp(-(z - 0.02) / 0.02))


def base_radius(aorta: Aorta, z: float) -> float:
    """Outer radius [m] at height z without aneurysm or dissection, below the arch."""
    if z > DIAPHRAGM_Z_M:
        t = min((z - DIAPHRAGM_Z_M) / 0.08, 1.0)
        return aorta.radius_top_m + (aorta.radius_thoracic_m - aorta.radius_top_m) * t * t * (3.0 - 2.0 * t)
    t = min((DIAPHRAGM_Z_M - z) / (DIAPHRAGM_Z_M - aorta.bifurcation_z_m), 1.0)
    return aorta.radius_top_m + (aorta.radius_bottom_m - aorta.radius_top_m) * t


def bulge(aorta: Aorta, z: float) -> float:
    """Share 0..1 of the aneurysm's widening at height z; `length_m` is its full width at half height."""
    sac = aorta.aneurysm
    if sac is None:
        return 0.0
    x = abs(z - sac.z_m) / (0.5 * sac.length_m)
    return float(0.5 ** (x**2 if sac.shape == AneurysmShape.FUSIFORM else x**3))


def dissected(aorta: Aorta, z: float) -> float:
    """1 where the descending aorta is dissected, falling to 0 over 15 mm above the end of the flap."""
    if aorta.dissection is None:
        return 0.0
    t = min(max((z - aorta.dissection.end_z_m) / _FLAP_RAMP_M, 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


def outer_radius(aorta: Aorta, z: float) -> float:
    """Outer radius [m] of the descending or abdominal aorta at mid pulse at height z."""
    base = base_radius(aorta, z)
    if aorta.dissection is not None:
        base *= 1.0 + (aorta.dissection.widening - 1.0) * dissected(aorta, z)
    if aorta.aneurysm is None:
        return base
    return base + max(0.0, aorta.aneurysm.radius_m - base) * bulge(aorta, z)


def descending_point(aorta: Aorta, back_y_m: float, z: float) -> Array:
    """Point (3,) of the course below the arch: on the spine, sideways wave below, left of the spine in the chest."""
    thoracic = 1.0 / (1.0 + math.exp(-(z - 0.016) / 0.012))
    low = aorta.offset_x_m + aorta.wave_x_m * math.sin((z - aorta.bifurcation_z_m) / 0.032 + aorta.wave_phase_rad)
    x = low + (_THORACIC_X_M - low) * thoracic
    # the widening of a dissection keeps off the spine, that of an aneurysm is a shift of the outer contour
    widening = 1.0 if aorta.dissection is None else 1.0 + (aorta.dissection.widening - 1.0) * dissected(aorta, z)
    y = spine_front_y(back_y_m, z) - _ON_SPINE_M - widening * base_radius(aorta, z) + _BESIDE_SPINE_M * thoracic
    return np.array([x, y, z])


def aortic_tube(heart: Heart, aorta: Aorta, back_y_m: float) -> tuple[VesselTube, tuple[float, float], Array]:
    """The aorta, the range of arc lengths of its abdominal part, and the top of the arch (3, 3): three branch points.

    The course starts 5 mm inside the ascending aorta of the heart and ends at the bifurcation.
    """
    start, direction, inner = ascending_end(heart)
    rise = start + 0.010 * direction
    arch_z = rise[2]
    fall = descending_point(aorta, back_y_m, arch_z)
    middle, half = 0.5 * (rise + fall), 0.5 * (rise - fall)
    height = 0.024 + 0.5 * aorta.radius_arch_m
    arch = [
        middle + math.cos(a) * half + np.array([0.0, 0.0, height * math.sin(a)]) for a in np.linspace(0, math.pi, 7)
    ]
    zs = np.linspace(arch_z, aorta.bifurcation_z_m, math.ceil((arch_z - aorta.bifurcation_z_m) / 0.010) + 1)[1:]
    below = [descending_point(aorta, back_y_m, float(z)) for z in zs]
    line = course(np.array([start - _INSIDE_HEART_M * direction, start, *arch, *below]))
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    top = int(np.argmax(line[: len(line) // 2, 2]))
    after = int(np.argmax((np.arange(len(line)) > top) & (line[:, 2] < arch_z)))
    diaphragm = float(np.interp(-DIAPHRAGM_Z_M, -line[after:, 2], arc[after:]))
    k = int(np.searchsorted(arc, diaphragm))
    u = least_turning(line, np.array([1.0, 0.0, 0.0]), k)
    v = np.cross(tangents(line), u)

    n = len(line)
    outer, lumen = np.empty(n), np.empty(n)
    shift, moved = np.zeros((n, 2)), np.zeros((n, 2))
    flap = np.full(n, np.nan)
    for i in range(n):
        z = float(line[i, 2])
        if i < after:
            share = arc[i] / arc[after]
            ends = inner + _ASCENDING_WALL_M, aorta.radius_arch_m, outer_radius(aorta, arch_z)
            outer[i] = np.interp(share, [0.0, 0.02, 0.5, 1.0], [ends[0], *ends])
            lumen[i] = outer[i] - WALL_M
        else:
            outer[i] = outer_radius(aorta, z)
            lumen[i] = outer[i] - WALL_M
            if aorta.aneurysm is not None:
                widening = outer[i] - base_radius(aorta, z)
                angle = aorta.aneurysm.angle_rad
                side = np.array([math.cos(angle), math.sin(angle), 0.0])
                lateral = 0.8 * side[0] if aorta.aneurysm.shape == AneurysmShape.SACCULAR else 0.0
                moved[i] = widening * lateral, widening
                thrombus = aorta.aneurysm.thrombus_fraction * widening
                lumen[i] -= thrombus
                shift[i] = 0.8 * thrombus * (side @ u[i]), 0.8 * thrombus * (side @ v[i])
        if aorta.dissection is not None and arc[i] > 0.75 * arc[after]:
            grown = min((arc[i] - 0.75 * arc[after]) / _FLAP_RAMP_M, 1.0) * (dissected(aorta, z) if i >= after else 1.0)
            if grown > 0.0:
                share = aorta.dissection.true_share
                flap[i] = lumen[i] * (1.0 + (2.0 * share - 2.0) * grown)
    turn = None
    if aorta.dissection is not None:
        turn = aorta.dissection.angle_rad + aorta.dissection.twist_rad_m * (arc - arc[after])
    tube = VesselTube(
        name="aorta",
        kind=TubeKind.AORTA,
        centre_m=line,
        u=u,
        outer_m=outer,
        lumen_m=lumen,
        shift_m=shift,
        wall_m=WALL_M,
        flap_m=None if turn is None else flap,
        flap_rad=turn,
        outer_shift_m=moved if aorta.aneurysm is not None else None,
    )
    length = float(tube.arc_m[-1])
    branches = np.array([line[round(i)] for i in np.linspace(top - 4, top + 10, 3)])
    return tube, (diaphragm, length), branches
