"""Direction of a vessel from sections that lean: tubes of any course, and sacs, where centers follow the plane."""

from dataclasses import replace

import numpy as np
import pytest

from echopilot_control.servo.center_line import TrackedSection, vessel_direction
from echopilot_core import se3

ONWARD, BACK = np.array([0.0, -1.0, 0.0]), np.array([0.0, 0.0, -1.0])
WAYS = np.arange(0.0, 0.0485, 0.001)


def _section(way_m: float, lean_rad: float, radius, slope: np.ndarray | None = None) -> TrackedSection:
    """Section of a solid of revolution about ONWARD (or a line that departs from it by `slope`), cut by a plane that
    passes the axis at `way_m` and leans by `lean_rad` about z; its center is found by cutting, not by formula."""
    axis_at = way_m * ONWARD + (0.0 if slope is None else way_m * slope)
    R = se3.so3_exp(np.array([0.0, 0.0, lean_rad]))
    normal, across = R @ ONWARD, R @ np.array([1.0, 0.0, 0.0])
    u = np.linspace(-0.06, 0.06, 2401)
    points = axis_at + u[:, None] * across
    along = points @ ONWARD
    axis = along[:, None] * (ONWARD if slope is None else ONWARD + slope)
    beside = (points - axis) @ np.array([1.0, 0.0, 0.0])
    half = np.sqrt(np.maximum(radius(along) ** 2 - beside**2, 0.0))
    area = 2.0 * float(half.sum()) * float(u[1] - u[0])
    center = axis_at + across * float((u * half).sum() / half.sum())
    return TrackedSection(center, normal, area, center + 0.01 * BACK)


def _angle_deg(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1.0, 1.0))))


def test_the_direction_of_a_bent_tube_is_that_of_its_end():
    centers = [np.array([0.1 * s * s, -s, 0.1]) for s in np.arange(0.0, 0.05, 0.001)]
    sections = [TrackedSection(center, ONWARD, 3e-4, center + 0.01 * BACK) for center in centers]
    found = vessel_direction(sections, ONWARD, np.array([0.2 * 0.049, -1.0, 0.0]), BACK)
    assert _angle_deg(found, np.array([0.2 * 0.049, -1.0, 0.0])) < 0.5
    assert vessel_direction(sections[:5], ONWARD, ONWARD, BACK) is None


@pytest.mark.parametrize("lean_deg", [-12.0, 6.0, 15.0])
def test_sections_of_a_tube_tell_its_course_whichever_way_they_lean(lean_deg):
    slope = np.array([0.15, 0.0, 0.05])
    sections = [_section(w, np.radians(lean_deg), lambda along: np.full_like(along, 0.010), slope) for w in WAYS]
    assert _angle_deg(vessel_direction(sections, ONWARD, ONWARD + slope, BACK), ONWARD + slope) < 1.0


@pytest.mark.parametrize("lean_deg", [-15.0, 8.0, 15.0])
@pytest.mark.parametrize("middle_m", [0.010, 0.024, 0.040])
def test_centers_in_a_sac_follow_the_plane_and_its_direction_is_found_nevertheless(lean_deg, middle_m):
    def radius(along: np.ndarray) -> np.ndarray:
        return 0.010 + 0.014 * np.exp(-(((along - middle_m) / 0.020) ** 2))

    sections = [_section(w, np.radians(lean_deg), radius) for w in WAYS]
    centers = np.stack([s.center_m for s in sections])
    naive = np.polyfit(WAYS, centers[:, 0], 2)[1] + 2.0 * np.polyfit(WAYS, centers[:, 0], 2)[0] * WAYS[-1]
    error = _angle_deg(vessel_direction(sections, ONWARD, ONWARD, BACK), ONWARD)
    print(f"lean {lean_deg} deg, sac at {middle_m} m: line of centers {np.degrees(naive):.1f}, found {error:.1f} deg")
    assert error < 3.0
    assert error < max(0.5 * abs(np.degrees(naive)), 1.0)


def test_a_sac_that_bulges_forward_does_not_turn_the_direction_forward():
    radius = 0.010 + 0.012 * np.exp(-(((WAYS - 0.045) / 0.018) ** 2))
    centers = [w * ONWARD - (r - 0.010) * BACK for w, r in zip(WAYS, radius, strict=True)]
    sections = [TrackedSection(c, ONWARD, np.pi * r**2, c + r * BACK) for c, r in zip(centers, radius, strict=True)]
    forward = -np.polyfit(WAYS, np.stack(centers) @ BACK, 2)
    print(f"line of centers {np.degrees(forward[1] + 2.0 * forward[0] * WAYS[-1]):.1f} deg forward")
    assert np.degrees(forward[1] + 2.0 * forward[0] * WAYS[-1]) > 15.0
    assert _angle_deg(vessel_direction(sections, ONWARD, ONWARD, BACK), ONWARD) < 0.5


def test_a_section_with_a_number_that_is_none_is_told_from_one_that_can_be_fitted():
    good = TrackedSection(np.zeros(3), ONWARD, 3e-4, BACK)
    assert good.finite
    for bad in ({"area_m2": np.nan}, {"back_m": np.full(3, np.inf)}, {"center_m": np.full(3, np.nan)}):
        assert not replace(good, **bad).finite
