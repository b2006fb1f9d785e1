"""All vessels of a sampled patient: the aorta with its branches, cava with its veins, vessels of the liver."""

import math

import numpy as np

from echopilot_core import Array, EchoPilotError
from echopilot_sim.anatomy.heart.aortic_root import annulus_rest_m
from echopilot_sim.anatomy.parameters import Patient
from echopilot_sim.anatomy.vessels.aorta import DIAPHRAGM_Z_M, aortic_tube, spine_front_y
from echopilot_sim.anatomy.vessels.liver import liver_vessels
from echopilot_sim.anatomy.vessels.tube import TubeKind, VesselTube, course, plain
from echopilot_sim.anatomy.vessels.vessels import Vessels, VesselSection

CAVA_HALF_WIDTH_M, CAVA_FLATNESS = 0.0105, 0.76
BRANCH_WALL_M, VEIN_WALL_M, ILIAC_WALL_M = 0.0009, 0.0006, 0.0011
COELIAC_BELOW_M, MESENTERIC_BELOW_M, RENAL_BELOW_M = 0.012, 0.025, 0.038  # stations
TOP_Z_M = 0.205
_TAG = 3101


def build(patient: Patient) -> Vessels:
    """Tubes of a drawn or named patient; the same patient gives the same tubes.

    Raises EchoPilotError for a patient without heart or aorta parameters.
    """
    heart, aorta = patient.heart, patient.aorta
    if heart is None or aorta is None:
        raise EchoPilotError("a patient without heart or aorta parameters has no drawn vessels; load it from its CT")
    rng = np.random.default_rng([patient.seed, _TAG])
    back = patient.torso.back_y_m
    tube, abdominal, arch = aortic_tube(heart, aorta, back)
    bare = Vessels.of([tube], abdominal)
    atrium = heart.apex_m + heart.rotation @ np.array([0.040, -0.004, annulus_rest_m(heart) + 0.016])
    cava = _cava(bare, back, atrium)
    tubes = [
        tube,
        *_arch_branches(arch),
        *_iliacs(bare, rng),
        *_visceral(bare, rng),
        *_renal(bare, cava, back),
        cava,
        *_iliac_veins(bare, cava),
        *liver_vessels(patient, bare, cava, rng),
    ]
    return Vessels.of(tubes, abdominal)


def front_of(section: VesselSection) -> Array:
    """Foremost point (3,) of the outer contour of a section of the aorta."""
    return np.asarray(section.centre_m + section.half_width(section.v)[0] * section.v)


def _taper(n: int, start: float, end: float) -> Array:
    return np.linspace(start, end, n)


def _arch_branches(arch: Array) -> list[VesselTube]:
    names = ("brachiocephalic", "left common carotid", "left subclavian")
    radii, sideways = (0.0062, 0.0038, 0.0048), (-0.020, 0.004, 0.030)
    tubes = []
    for name, start, radius, dx in zip(names, arch, radii, sideways, strict=True):
        rise = max(TOP_Z_M + 0.01 - start[2], 0.03)
        knots = start + np.array([[0, 0, 0], [0.3 * dx, -0.002, 0.4 * rise], [dx, -0.010, rise]])
        tubes.append(plain(name, TubeKind.BRANCH, course(knots), radius, BRANCH_WALL_M))
    return tubes


def _iliacs(bare: Vessels, rng: np.random.Generator) -> list[VesselTube]:
    """Common iliac arteries, which leave the body of the image downwards, sideways and slightly backwards."""
    end = bare.section(float(bare.abdominal_arc_m[-1]))
    start = end.centre_m + 0.35 * end.outer_m * end.tangent * -1.0
    radius = 0.62 * end.lumen_m
    tubes = []
    for side in (-1.0, 1.0):
        bend = float(rng.uniform(-0.003, 0.003))
        steps = [
            [0.2, 0.0, -0.004],
            [0.55, 0.002, -0.016],
            [1.35, 0.006, -0.034],
            [2.6, 0.012, -0.062],
            [4.2, 0.014, -0.1],
        ]
        knots = [start] + [
            end.centre_m + np.array([side * 0.012 * a, b + bend * i / 4, c]) for i, (a, b, c) in enumerate(steps)
        ]
        line = course(np.array(knots))
        name = "right common iliac" if side < 0 else "left common iliac"
        tubes.append(plain(name, TubeKind.ILIAC, line, _taper(len(line), radius, 0.80 * radius), ILIAC_WALL_M))
    return tubes


def _visceral(bare: Vessels, rng: np.random.Generator) -> list[VesselTube]:
    """Coeliac trunk with hepatic and splenic artery, and the superior mesenteric artery in front of the aorta."""
    at = bare.section(COELIAC_BELOW_M)
    front = front_of(at)
    root = front + np.array([0.0, 0.003, 0.0])
    fork = front + np.array([0.000, -0.014, 0.004])
    hepatic = course(
        np.array([root, 0.5 * (root + fork), fork, fork + [-0.012, -0.004, -0.003], fork + [-0.032, -0.006, 0.003]])
    )
    splenic = course(
        np.array([fork, fork + [0.014, 0.002, 0.005], fork + [0.034, 0.010, -0.001], fork + [0.068, 0.030, 0.004]])
    )
    start = front_of(bare.section(MESENTERIC_BELOW_M))
    length = float(bare.abdominal_arc_m[-1])
    ahead = float(rng.uniform(0.009, 0.013))
    knots = [start + [0.0, 0.003, 0.002], start + [0.0, -0.004, -0.001]]
    stations = np.arange(MESENTERIC_BELOW_M + 0.012, min(length - 0.010, MESENTERIC_BELOW_M + 0.095), 0.012)
    fronts = np.array([front_of(bare.section(float(s))) for s in stations])
    y = np.minimum.accumulate(fronts[:, 1] - ahead)
    kept = max(int(np.count_nonzero(y > start[1] - 0.034)), 2)  # a large bulge farther down has pushed it aside
    fronts, y = fronts[:kept], y[:kept]
    y = np.minimum(y, np.linspace(y[0], y[-1], len(y)))  # straight where the bulge begins
    for k, p in enumerate(fronts):
        share = k / (len(fronts) - 1)
        knots.append(np.array([start[0] * (1 - share) + (p[0] - 0.004) * share, y[k], p[2]]))
    mesenteric = course(np.array(knots))
    return [
        plain("coeliac trunk", TubeKind.BRANCH, hepatic, _taper(len(hepatic), 0.0034, 0.0020), BRANCH_WALL_M),
        plain("splenic artery", TubeKind.BRANCH, splenic, _taper(len(splenic), 0.0026, 0.0020), BRANCH_WALL_M),
        plain(
            "superior mesenteric artery", TubeKind.BRANCH, mesenteric,
            _taper(len(mesenteric), 0.0034, 0.0020), BRANCH_WALL_M,
        ),
    ]  # fmt: skip


def _renal(bare: Vessels, cava: VesselTube, back_y_m: float) -> list[VesselTube]:
    """Renal arteries (the right one behind the cava) and veins (the left one between aorta and mesenteric artery)."""
    at = bare.section(RENAL_BELOW_M)
    z = float(at.centre_m[2])
    spine = spine_front_y(back_y_m, z)
    tubes = []
    for side, kidney_z in ((-1.0, z - 0.012), (1.0, z - 0.004)):
        wall = at.centre_m + side * 0.7 * at.outer_m * at.u
        hilum = np.array([side * 0.048, spine + 0.014, kidney_z])
        middle = np.array([side * 0.026 + 0.2 * wall[0], min(spine - 0.003, wall[1] + 0.004), 0.5 * (z + kidney_z)])
        name = "right renal artery" if side < 0 else "left renal artery"
        tubes.append(plain(name, TubeKind.BRANCH, course(np.array([wall, middle, hilum])), 0.0026, BRANCH_WALL_M))
    k = int(np.argmin(np.abs(cava.centre_m[:, 2] - (z + 0.004))))
    inside = cava.centre_m[k]
    front = front_of(bare.section(RENAL_BELOW_M - 0.005))
    crossing = [front + [0.010, -0.0045 + 0.004, 0.0], front + [0.0, -0.0045, 0.001], front + [-0.008, -0.002, 0.002]]
    left = np.array([[0.050, spine + 0.010, z - 0.002], [0.034, spine - 0.010, z], *crossing, inside])
    right = np.array([[-0.048, spine + 0.008, z - 0.008], [-0.036, spine - 0.004, z - 0.004], inside])
    tubes.append(plain("left renal vein", TubeKind.VEIN, course(left), 0.0034, VEIN_WALL_M))
    tubes.append(plain("right renal vein", TubeKind.VEIN, course(right), 0.0036, VEIN_WALL_M))
    return tubes


def _cava(bare: Vessels, back_y_m: float, atrium: Array) -> VesselTube:
    """Inferior vena cava, from the iliac veins up to the right atrium; an aneurysm pushes it aside."""
    knots = []
    length = float(bare.abdominal_arc_m[-1])
    for station in np.arange(length + 0.004, -0.001, -0.010):
        at = bare.section(float(station))
        edge = at.centre_m[0] - at.outer_m
        z = float(at.centre_m[2])
        x = min(-0.019, edge - CAVA_HALF_WIDTH_M - 0.0035)
        lift = 0.022 / (1.0 + math.exp(-(z + 0.012) / 0.012))
        knots.append(np.array([x, spine_front_y(back_y_m, z) - 0.010 - lift, z]))
    low, high = knots[-1], atrium
    knots += [low + f * (high - low) + np.array([0.0, 0.0, 0.010 * math.sin(math.pi * f)]) for f in (0.35, 0.7, 1.0)]
    line = course(np.array(knots))
    return plain("inferior vena cava", TubeKind.CAVA, line, CAVA_HALF_WIDTH_M, 0.0008, CAVA_FLATNESS)


def _iliac_veins(bare: Vessels, cava: VesselTube) -> list[VesselTube]:
    start, fork = cava.centre_m[0], bare.section(float(bare.abdominal_arc_m[-1])).centre_m
    tubes = []
    for side in (-1.0, 1.0):
        end = fork + np.array([side * 0.040, 0.022, -0.095])
        middle = fork + np.array([side * 0.014 - 0.008, 0.013, -0.030])
        name = "right common iliac vein" if side < 0 else "left common iliac vein"
        line = course(np.array([end, middle, start + [0.0, 0.0, 0.006]]))
        tubes.append(plain(name, TubeKind.CAVA, line, 0.0065, VEIN_WALL_M, 0.85))
    return tubes


__all__ = ["DIAPHRAGM_Z_M", "build", "front_of"]
