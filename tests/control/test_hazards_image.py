"""Hazards that the controller and the arm meet, on the simulated arm: images, contact, breathing, a dead safety."""

from dataclasses import replace

import numpy as np
import pytest
from hazard_bench import Bench, Tick, good_image

from echopilot_core import (
    ClassExtent,
    ControlPhase,
    LabelMap,
    Outcome,
    PerceptionResult,
    RobotMode,
    SafetyMode,
    SegmentationClass,
    View,
)

SEED = 600_002
LABELS = LabelMap(np.ones((8, 8), np.uint8), 0.0, 0.0, 0.00125)
HELD = ControlPhase.RECOVER


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench(SEED)


def lateral_m_s(tick: Tick) -> float:
    """Commanded speed across the probe axis [m/s]."""
    twist, robot = tick.decision.twist, tick.inputs.robot
    if twist is None or robot is None:
        return 0.0
    z = robot.T_base_probe[:3, 2]
    return float(np.linalg.norm(twist.twist[:3] - (twist.twist[:3] @ z) * z))


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        print(f"\n{text}", end="")


@pytest.mark.parametrize("fault", ["stale", "frozen"])
def test_an_old_image_ends_image_driven_motion_then_contact(
    fault: str, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hazards 1 and 16: hold above 150 ms, lift off above 1 s; 16 (perception slow or dead) looks the same."""
    bench.into_contact()
    while bench.tick().status.phase is not ControlPhase.SEARCH:
        pass
    bench.run(0.2)
    last = bench.see(bench.robot.stamp_ns)
    assert last is not None

    def frozen(now_ns: int) -> PerceptionResult:
        new = good_image(now_ns)
        return replace(new, label_map=LABELS, view_probability=last.view_probability)

    bench.see = (lambda _: last) if fault == "stale" else frozen
    after = bench.run(2.5)
    held = next(k for k, t in enumerate(after) if t.status.phase is HELD)
    left = next(k for k, t in enumerate(after) if t.status.phase is ControlPhase.RETREAT)
    T = after[held].inputs.robot.T_base_probe
    ways = [(t.inputs.robot.T_base_probe[:3, 3] - T[:3, 3]) @ T[:3, :3] for t in after[held:left]]
    across_m = max(float(np.linalg.norm(way[:2])) for way in ways)
    say(capsys, f"hazard  1 image {fault}: held after {10 * held} ms, drifts {1e3 * across_m:.1f} mm across, "
                f"lifts off after {10 * left} ms, peak {bench.simulation.max_normal_force_n:.1f} N")  # fmt: skip
    assert held <= (15 if fault == "stale" else 16)
    assert 100 <= left - held <= 102
    assert across_m < 0.004
    assert after[-1].status.outcome is Outcome.ABORTED and after[-1].status.detail == "image stale"
    assert bench.simulation.max_normal_force_n < 12.0


def test_poor_images_end_the_view_off_the_skin(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Hazard 6: below the gate nothing is believed, the search ends with its time, and the probe leaves the skin."""
    bench.into_contact(timeout_s=6.0)
    bench.see = lambda now_ns: good_image(now_ns, quality=0.05)
    after = bench.run(9.0)
    ended = next(k for k, t in enumerate(after) if t.status.outcome is Outcome.NOT_FOUND)
    say(capsys, f"hazard  6 quality .05: NOT_FOUND {10 * ended} ms after the image got poor, then off the skin")
    assert all(t.status.phase is not ControlPhase.REFINE for t in after)
    assert after[-1].true_force_n == 0.0


def test_a_lumen_that_jumps_is_not_followed(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Hazard 7: a structure that leaps 30 mm in one frame and doubles its area moves nothing."""

    def lumen(x_m: float, area_m2: float = 3e-4):
        return lambda now_ns: replace(
            good_image(now_ns), extents=(ClassExtent(SegmentationClass.AO_LUMEN, area_m2, 1e-5, x_m, 0.09),)
        )

    bench.into_contact(View.AORTA_TRANS)
    bench.see = lumen(0.0)
    bench.run(1.0)
    bench.see = lumen(0.03, 6e-4)
    across = max(lateral_m_s(t) for t in bench.run(0.12))
    say(capsys, f"hazard  7 jump of 30 mm: fastest command across {1e3 * across:.1f} mm/s")
    assert across < 0.008


def test_a_small_slow_motion_of_the_patient_is_followed(bench: Bench) -> None:
    """Hazard 9 begins above 10 mm and 20 mm/s: a sway of 10 mm at up to 19 mm/s under the belly raises nothing."""
    bench.into_contact(View.AORTA_TRANS)
    bench.simulation.sway_patient(np.array([0.0, 0.0, 0.010]), 0.6)
    after = bench.run(3.33)
    bench.simulation.sway_patient(np.zeros(3), 0.6)
    assert all(t.decision.mode is SafetyMode.OK for t in after)
    assert bench.simulation.max_normal_force_n < 13.0


def test_lost_contact_is_felt_for_within_5_mm_or_left(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Hazard 8: below 1 N for 200 ms: nothing across, at most 5 mm at 5 mm/s forward."""
    bench.into_contact()
    bench.spoil = lambda inputs: replace(inputs, surface=None)  # the camera would call this hazard 9
    bench.simulation.shift_patient(np.array([0.0, 0.0, -0.02]))
    after = bench.run(2.0)
    bench.simulation.shift_patient(np.array([0.0, 0.0, 0.02]))
    bench.run(0.6)
    lost = next(k for k, t in enumerate(after) if t.status.phase is HELD)
    T = after[lost].inputs.robot.T_base_probe
    ways = [(t.inputs.robot.T_base_probe[:3, 3] - T[:3, 3]) @ T[:3, :3] for t in after[lost:] if t.status.phase is HELD]
    forward_m, across_m = max(way[2] for way in ways), max(float(np.linalg.norm(way[:2])) for way in ways)
    say(capsys, f"hazard  8 skin falls 20 mm in 0.5 s: felt for after {10 * lost} ms, over {1e3 * forward_m:.1f} mm, "
                f"{1e3 * across_m:.1f} mm across")  # fmt: skip
    assert forward_m <= 0.0065 and across_m < 0.003
    assert after[-1].status.phase is ControlPhase.RETREAT


def test_breathing_is_followed_without_alarm(bench: Bench) -> None:
    """Hazard 10: this patient's breathing, and 8 mm more at 0.25 Hz."""
    bench.into_contact()
    bench.simulation.sway_patient(np.array([0.0, 0.0, 0.008]), 0.25)
    after = bench.run(6.0)
    bench.simulation.sway_patient(np.zeros(3), 0.25)
    assert all(t.decision.mode is SafetyMode.OK for t in after)
    assert bench.simulation.max_normal_force_n < 9.0


def test_a_dead_safety_leaves_a_compliant_arm(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Hazard 17: without any command the arm holds by itself, and gives way when the patient comes 8 mm closer."""
    bench.into_contact()
    robots = [bench.simulation.step(None).robot for _ in range(20)]
    held = 1 + next(k for k, r in enumerate(robots) if r.mode is RobotMode.COMPLIANT_HOLD)
    bench.simulation.shift_patient(np.array([0.0, 0.0, 0.008]))
    robots += [bench.simulation.step(None).robot for _ in range(150)]
    say(capsys, f"hazard 17 safety silent: compliant after {10 * held} ms, "
                f"peak {bench.simulation.max_normal_force_n:.1f} N while the patient moves 8 mm closer")  # fmt: skip
    assert held <= 6
    assert all(r.mode is RobotMode.COMPLIANT_HOLD for r in robots[held:])
    assert bench.simulation.max_normal_force_n < 15.0
