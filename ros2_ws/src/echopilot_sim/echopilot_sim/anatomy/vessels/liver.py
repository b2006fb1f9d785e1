"""Portal and hepatic veins of a sampled patient, and the splenic and mesenteric veins that feed the portal vein."""

import math

import numpy as np

from echopilot_core import Array
from echopilot_sim.anatomy.parameters import Patient
from echopilot_sim.anatomy.vessels.aorta import DIAPHRAGM_Z_M
from echopilot_sim.anatomy.vessels.tube import TubeKind, VesselTube, course, plain
from echopilot_sim.anatomy.vessels.vessels import Vessels

_PORTAL_WALL_M, _VEIN_WALL_M = 0.0011, 0.0006


def liver_vessels(patient: Patient, bare: Vessels, cava: VesselTube, rng: np.random.Generator) -> list[VesselTube]:
    """Portal system and three hepatic veins with branches; calibres scale with `liver_vessel_scale`."""
    scale = patient.abdomen.liver_vessel_scale
    right = -patient.torso.half_width_abdomen_m
    at = bare.section(0.026)
    front = at.centre_m + at.outer_m * at.v
    splenic_y = front[1] - 0.012
    confluence = np.array([-0.014, front[1] - 0.010, front[2] - 0.006])
    spleen = np.array([0.095, front[1] + 0.030, front[2] + 0.012])
    splenic = course(
        np.array(
            [spleen, [0.055, front[1] - 0.002, front[2] + 0.004], [0.018, splenic_y, front[2] + 0.001], confluence]
        )
    )
    mesenteric = course(
        np.array([confluence + [-0.002, -0.012, -0.075], confluence + [0.0, -0.006, -0.035], confluence])
    )
    hilum = np.array([0.27 * right, confluence[1] - 0.008, DIAPHRAGM_Z_M - 0.004])
    trunk = course(np.array([confluence, 0.5 * (confluence + hilum) + [0.0, -0.002, 0.0], hilum]))
    tubes = [
        plain("splenic vein", TubeKind.VEIN, splenic, 0.0038, _VEIN_WALL_M),
        plain("superior mesenteric vein", TubeKind.VEIN, mesenteric, 0.0042, _VEIN_WALL_M),
        plain("portal vein", TubeKind.PORTAL, trunk, 0.0056 * scale, _PORTAL_WALL_M),
    ]
    mid = hilum[1] - 0.5 * (hilum[1] - 0.012)  # half way to the skin
    ends = {
        "right anterior portal vein": (
            [0.55 * right, mid + 0.008, hilum[2] - 0.004],
            [0.66 * right, mid, hilum[2] + 0.012],
        ),
        "right posterior portal vein": (
            [0.50 * right, hilum[1] + 0.012, hilum[2] - 0.018],
            [0.68 * right, hilum[1] + 0.022, hilum[2] - 0.035],
        ),
        "left portal vein": ([0.12 * right, mid + 0.012, hilum[2] + 0.008], [0.02, mid - 0.004, hilum[2] + 0.006]),
    }
    for name, knots in ends.items():
        line = course(np.array([hilum, *knots]))
        radius = np.linspace(0.0042, 0.0020, len(line)) * scale
        tubes.append(plain(name, TubeKind.PORTAL, line, radius, _PORTAL_WALL_M))
        tubes += _twigs(name, TubeKind.PORTAL, line, 0.0022 * scale, _PORTAL_WALL_M, 3, rng)
    k = int(np.argmin(np.abs(cava.centre_m[:, 2] - (DIAPHRAGM_Z_M + 0.018))))
    mouth = cava.centre_m[k]
    tips = {
        "right hepatic vein": (
            [0.38 * right, mouth[1] - 0.010, mouth[2] - 0.004],
            [0.70 * right, mouth[1] - 0.022, mouth[2] - 0.030],
        ),
        "middle hepatic vein": (
            [0.26 * right, mouth[1] - 0.024, mouth[2] - 0.010],
            [0.42 * right, mid, mouth[2] - 0.042],
        ),
        "left hepatic vein": (
            [0.02 * right, mouth[1] - 0.026, mouth[2] - 0.003],
            [0.020, mid - 0.002, mouth[2] - 0.014],
        ),
    }
    for name, knots in tips.items():
        line = course(np.array([mouth, *knots])[::-1])
        radius = np.linspace(0.0016, 0.0046, len(line)) * scale
        tubes.append(plain(name, TubeKind.HEPATIC, line, radius, 0.0))
        tubes += _twigs(name, TubeKind.HEPATIC, line[::-1], 0.0018 * scale, 0.0, 3, rng)
    return tubes


def _twigs(
    name: str, kind: TubeKind, line: Array, radius_m: float, wall_m: float, count: int, rng: np.random.Generator
) -> list[VesselTube]:
    """Side branches that leave a vessel forwards at 40 to 60 degrees."""
    tubes = []
    for k in range(count):
        i = int(len(line) * (0.35 + 0.5 * k / count) + rng.integers(0, 3))
        ahead = line[min(i + 2, len(line) - 1)] - line[i - 2]
        ahead /= np.linalg.norm(ahead)
        side = np.cross(ahead, rng.normal(size=3))
        side /= np.linalg.norm(side)
        angle, length = float(rng.uniform(0.7, 1.05)), float(rng.uniform(0.014, 0.026))
        way = math.cos(angle) * ahead + math.sin(angle) * side
        bend = 0.25 * length * ahead
        twig = course(np.array([line[i], line[i] + 0.5 * length * way, line[i] + length * way + bend]))
        radius = np.linspace(radius_m, 0.55 * radius_m, len(twig))
        tubes.append(plain(f"{name} {k + 1}", kind, twig, radius, 0.7 * wall_m))
    return tubes
