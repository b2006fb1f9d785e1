"""The patient's place as safety sees it: shifts are measured, breathing and holes are not shifts; zones stay clear."""

from dataclasses import replace

import numpy as np
import pytest
from test_safety_properties import LANDMARKS, LIMITS, command, robot

from echopilot_control.safety import SafetyInputs, SafetyMemory, Zone, check
from echopilot_control.safety.patient import BodyMemory, felt_recession_m_s, outline, seen_shift_m, watch_patient
from echopilot_control.safety.zones import MarkedZone, on_skin, read_zones
from echopilot_core import BodySurface, EchoPilotError

SEED = 5


def trunk(shift_m=(0.0, 0.0, 0.0), belly_m: float = 0.0, seed: int = SEED) -> np.ndarray:
    """A lying trunk (N, 3) [m]: an ellipse 0.30 by 0.20 m that narrows to the head; `belly_m` lifts the belly alone."""
    rng = np.random.default_rng(seed)
    angle, y = rng.uniform(-0.2 * np.pi, 1.1 * np.pi, 3000), rng.uniform(-0.3, 0.2, 3000)
    width = 1.0 - 0.4 * (y + 0.3) ** 2
    points = np.stack([0.5 + 0.15 * width * np.cos(angle), y, 0.1 + 0.10 * width * np.sin(angle)], axis=1)
    points[:, 2] += belly_m * np.maximum(np.sin(angle), 0.0) * (y < -0.05)
    return points + rng.normal(0.0, 0.0015, points.shape) + np.asarray(shift_m)


@pytest.mark.parametrize("shift_m", [(0.015, 0, 0), (-0.02, 0, 0), (0, 0, 0.012), (0.01, 0, -0.01)])
def test_shifts_across_and_up_are_measured(shift_m) -> None:
    print(f"seed {SEED}")
    seen = seen_shift_m(outline(trunk()), trunk(shift_m, seed=SEED + 1))
    assert seen is not None
    assert np.allclose(seen[[0, 2]], np.array(shift_m)[[0, 2]], atol=0.002)


def watch(places: list[np.ndarray]) -> list[bool]:
    """Feed pictures of the skin at 5 Hz."""
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


def test_pictures_that_show_little_or_nothing_raise_nothing() -> None:
    empty, some = np.empty((0, 3)), trunk()[:50]
    broken = trunk()
    broken[::2] = np.nan
    assert not any(watch([trunk(), empty, some, broken, np.full((500, 3), np.nan), trunk() + 5.0]))


def test_the_probe_keeps_out_of_a_marked_zone() -> None:
    zone = Zone("wound", np.array([0.5, -0.10, 0.19]), 0.02)
    memory, position = SafetyMemory(), np.array([0.5, -0.03, 0.21])
    for k in range(1, 600):
        now = k * 10_000_000
        sent = command(now, k, [0.0, -0.02, 0.0, 0, 0, 0])
        inputs = replace(SafetyInputs(now, robot(now, 0.0, position), sent, LANDMARKS, "cardiac"), zones=(zone,))
        decision = check(memory, inputs, LIMITS)
        memory = decision.memory
        assert decision.twist is not None
        position = position + decision.twist.twist[:3] * 0.01
    assert np.linalg.norm(position - zone.centre_m) >= 0.02 + 0.020 - 3e-4


def test_marked_zones_lie_on_the_skin_that_is_seen() -> None:
    marked = read_zones("breast_left 0.08 0.05 0.06; drain -0.05 -0.12 0.02;")
    assert marked[1] == MarkedZone("drain", -0.05, -0.12, 0.02)
    left, drain = on_skin(marked, LANDMARKS, BodySurface(0, trunk()))
    assert np.allclose(left.centre_m[:2], LANDMARKS.xiphoid_m[:2] + [0.08, 0.05], atol=1e-9)
    assert drain.centre_m[0] < LANDMARKS.xiphoid_m[0]
    assert 0.15 < left.centre_m[2] < drain.centre_m[2] < 0.21


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
