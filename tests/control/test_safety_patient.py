"""The patient's place as safety sees it: shifts are measured, breathing and holes are not shifts; zones stay clear."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pytest
from good_evidence import LANDMARKS, PROVEN, command, inputs, robot, trunk
from scipy.spatial import cKDTree
from test_safety_properties import LIMITS

from echopilot_control.safety import Zone, check
from echopilot_control.safety.patient import (
    BodyMemory,
    felt_recession_m_s,
    nearest,
    outline,
    seen_shift_m,
    watch_patient,
)
from echopilot_control.safety.zones import MarkedZone, on_skin, read_zones
from echopilot_core import BodySurface, EchoPilotError, se3

SEED = 5


@pytest.mark.parametrize("shift_m", [(0.015, 0, 0), (-0.02, 0, 0), (0, 0, 0.012), (0.01, 0, -0.01)])
def test_shifts_across_and_up_are_measured(shift_m) -> None:
    print(f"seed {SEED}")
    seen = seen_shift_m(outline(trunk()), trunk(shift_m, seed=SEED + 1))
    assert seen is not None
    assert np.allclose(seen[[0, 2]], np.array(shift_m)[[0, 2]], atol=0.002)


def test_the_nearest_points_are_those_of_a_tree_in_its_order() -> None:
    points = trunk()
    centers = points[::40]
    assert np.array_equal(nearest(points, centers, 40), cKDTree(points).query(centers, k=40)[1])


def watch(places: list[np.ndarray]) -> list[bool]:
    """Feed images of the skin at 5 Hz."""
    body, alarms = BodyMemory(), []
    for k, points in enumerate(places):
        body, moved = watch_patient(body, None, BodySurface(k * 200_000_000, points))
        alarms.append(moved)
    return alarms


def test_breathing_is_no_motion_and_a_slow_slide_is() -> None:
    breathing = [trunk(belly_m=0.005 * np.sin(2 * np.pi * 0.25 * 0.2 * k), seed=k) for k in range(100)]
    assert not any(watch(breathing))
    slide = [trunk((0.0005 * max(k - 30, 0), 0.0, 0.0), seed=k) for k in range(100)]  # 2.5 mm/s
    alarms = watch(slide)
    first = alarms.index(True)
    assert 0.0005 * (first - 30) > 0.010 and first < 90


def displaced(points: np.ndarray, shift_m: np.ndarray, turn_rad: np.ndarray) -> np.ndarray:
    """Points (N, 3) [m] of a body that turned about its middle and moved."""
    middle = np.array([0.5, -0.05, 0.1])
    return (points - middle) @ se3.so3_exp(turn_rad).T + middle + shift_m


SEEN = ("left", "right", "up", "down", "aside and up")
WAYS = dict(zip(SEEN, np.array([[1, 0, 0], [-1, 0, 0], [0, 0, 1], [0, 0, -1], [0.71, 0, 0.71]]), strict=True))


@lru_cache
def at_rest() -> BodyMemory:
    """A body that was seen still for 5 s."""
    body = BodyMemory()
    for k in range(26):
        body, moved = watch_patient(body, None, BodySurface(k * 200_000_000, trunk(seed=k)))
        assert not moved
    return body


def noticed_after(places: Callable[[int], np.ndarray], most: int) -> int | None:
    """Images until an alarm, of those that show the body at `places(image)` after a rest."""
    body = at_rest()
    for k in range(most):
        body, moved = watch_patient(body, None, BodySurface((26 + k) * 200_000_000, places(k)))
        if moved:
            return k
    return None


@pytest.mark.parametrize("way", SEEN)
@pytest.mark.parametrize("over_s", [0.0, 1.0, 5.0])
def test_the_farther_the_patient_moves_the_sooner_it_is_noticed(way: str, over_s: float) -> None:
    """From 12 mm to 2 m, at once or slowly, across and up."""
    last, steps = 150, max(round(over_s / 0.2), 1)
    for far_m in (0.012, 0.015, 0.02, 0.03, 0.035, 0.045, 0.06, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0):

        def place(k: int, far_m: float = far_m) -> np.ndarray:
            return trunk(min((k + 1) / steps, 1.0) * far_m * WAYS[way], seed=100 + k)

        first = noticed_after(place, 150)
        assert first is not None and first <= last + 1, f"{1e3 * far_m:.0f} mm is quieter than less"
        assert first <= steps or far_m < 0.03
        assert first <= steps + 30 or far_m < 0.015
        last = min(last, first)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_patient_who_turns_is_noticed(axis: int) -> None:
    for angle_deg in (10, 15, 30, 60, 90, 135, 180):
        turn = np.radians(angle_deg) * np.eye(3)[axis]
        turned = displaced(trunk(seed=100), np.zeros(3), turn)
        assert noticed_after(lambda k, turned=turned: turned, 1) == 0, angle_deg


@pytest.mark.parametrize("far_m", [0.2, 0.3, 0.5, 1.0, 2.0])
def test_a_patient_who_slides_along_the_bed_is_noticed_once_the_ends_of_the_body_show_it(far_m: float) -> None:
    for way in (1.0, -1.0):
        slid = trunk((0.0, way * far_m, 0.0), seed=100)
        assert noticed_after(lambda k, slid=slid: slid, 1) == 0


def test_a_body_that_is_gone_is_noticed_and_holes_are_not() -> None:
    rng = np.random.default_rng(3)
    table = np.column_stack([rng.uniform(0.2, 0.8, 2000), rng.uniform(-0.3, 0.3, 2000), rng.normal(0.0, 0.002, 2000)])
    assert watch([trunk(seed=1), table])[1]
    broken = trunk(seed=2)
    broken[::2] = np.nan
    hole = trunk(seed=3)
    hole = hole[np.linalg.norm(hole[:, :2] - [0.5, -0.05], axis=1) > 0.04]
    assert not any(watch([trunk(), broken, hole, trunk()]))


def test_the_probe_keeps_out_of_a_marked_zone() -> None:
    zone = Zone("wound", np.array([0.5, -0.10, 0.19]), 0.02)
    memory, position, twist = PROVEN, np.array([0.5, -0.03, 0.21]), np.zeros(6)
    for k in range(1, 600):
        now = k * 10_000_000
        sent = command(now, k, [0.0, -0.02, 0.0, 0, 0, 0])
        taken = inputs(now, robot(now, 0.0, position, twist=twist), sent, zones=(zone,))
        decision = check(memory, taken, LIMITS)
        memory = decision.memory
        assert decision.twist is not None
        twist = decision.twist.twist
        position = position + twist[:3] * 0.01
    assert np.linalg.norm(position - zone.center_m) >= 0.02 + 0.020 - 3e-4


def test_marked_zones_lie_on_the_skin_that_is_seen() -> None:
    marked = read_zones("breast_left 0.08 0.05 0.06; drain -0.05 -0.12 0.02;")
    assert marked[1] == MarkedZone("drain", -0.05, -0.12, 0.02)
    left, drain = on_skin(marked, LANDMARKS, BodySurface(0, trunk()))
    assert np.allclose(left.center_m[:2], LANDMARKS.xiphoid_m[:2] + [0.08, 0.05], atol=1e-9)
    assert drain.center_m[0] < LANDMARKS.xiphoid_m[0]
    assert 0.15 < left.center_m[2] < drain.center_m[2] < 0.21


@pytest.mark.parametrize("text", ["breast", "a 1 2", "a 0.1 0.1 0.3", "a 0.1 0.1 0", "a nan 0 0.1", "a b c d"])
def test_a_zone_that_makes_no_sense_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(EchoPilotError, match=r"^zone '.*': (expected NAME|valid are)"):
        read_zones(text)


def touches(speed_m_s: float, rise_n_s: float) -> tuple[tuple[int, tuple[float, float, float], float], ...]:
    """0.4 s of touches along base z."""
    return tuple((k * 10_000_000, (0.5, 0.0, 1e-2 * k * speed_m_s), 3.0 + 1e-2 * k * rise_n_s) for k in range(41))


@pytest.mark.parametrize("stiffness_n_m", [300.0, 1000.0, 20_000.0])
def test_skin_that_is_pressed_does_not_recede(stiffness_n_m):
    pressed = touches(0.015, 0.015 * stiffness_n_m)
    assert felt_recession_m_s(pressed, np.array([0.0, 0.0, 1.0])) == pytest.approx(0.0, abs=1e-9)


def test_skin_that_is_followed_without_a_rise_of_force_recedes_as_fast():
    assert felt_recession_m_s(touches(0.015, 0.0), np.array([0.0, 0.0, 1.0])) == pytest.approx(0.015)
    assert felt_recession_m_s(touches(-0.015, 0.0), np.array([0.0, 0.0, 1.0])) == 0.0
    assert felt_recession_m_s(touches(0.015, 0.0)[:5], np.array([0.0, 0.0, 1.0])) == 0.0
