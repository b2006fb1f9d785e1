"""The controller in a small closed world: views are reached, sweeps end, faults lead to named states, no bumps."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from control_loop import Loop
from control_world import XIPHOID, World, skin_at

from echopilot_control.observation import ControlInputs
from echopilot_control.safety import SafetyInputs
from echopilot_control.safety.witness.sensor_check import BLOCK_TICKS
from echopilot_core import ControlGoal, ControlPhase, GoalKind, Guidance, Outcome, SafetyMode, View, se3

A4C = ControlGoal(1, GoalKind.ACQUIRE_VIEW, View.A4C, 5.0, "cardiac", 60.0)
AORTA = ControlGoal(2, GoalKind.ACQUIRE_VIEW, View.AORTA_TRANS, 8.0, "abdomen", 60.0)
SWEEP = ControlGoal(3, GoalKind.SWEEP, View.AORTA_TRANS, 8.0, "abdomen", 90.0)
RETREAT = ControlGoal(4, GoalKind.RETREAT)


def test_apical_view_is_reached_on_stiff_ribs():
    loop = Loop(World(seed=5, stiffness_n_m=8000.0))
    assert loop.until_done(A4C).outcome is Outcome.SUCCEEDED
    held = np.array([f for f, s in zip(loop.forces, loop.statuses, strict=True) if s.phase is ControlPhase.REFINE])
    assert float(np.sqrt(np.mean((held - 5.0) ** 2))) <= 1.0 and loop.world.peak_n < 9.0


class Rib:
    """A shadow 14 mm wide over the place of the first touch; behind it the network claims to have arrived."""

    def __init__(self) -> None:
        self.center_y_m: float | None = None
        self.shadowed = 0

    def __call__(self, inputs: ControlInputs) -> ControlInputs:
        y_m = float(inputs.robot.T_base_probe[1, 3])
        if self.center_y_m is None and inputs.robot.contact_force_n > 1.0:
            self.center_y_m = y_m
        if inputs.result is None or self.center_y_m is None or abs(y_m - self.center_y_m) > 0.007:
            return inputs
        self.shadowed += 1
        arrived = Guidance(View.A4C, np.zeros(6), np.array([0.004] * 3 + [0.05] * 3))
        return replace(inputs, result=replace(inputs.result, quality=0.01, guidance=(arrived,), extents=()))


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_a_guess_made_behind_a_rib_is_not_followed(seed):
    rib = Rib()
    loop = Loop(World(seed=seed), rib)
    assert loop.until_done(A4C).outcome is Outcome.SUCCEEDED
    gap = loop.world.T[:3, 3] - loop.world.T_base_a4c[:3, 3]
    skin_normal = skin_at(*loop.world.T_base_a4c[:2, 3])[1]
    assert rib.shadowed > 20
    assert np.linalg.norm(gap - (gap @ skin_normal) * skin_normal) < 0.008


@pytest.mark.parametrize("stiffness_n_m", [600.0])
def test_apical_view_then_aorta_sweep_then_retreat(stiffness_n_m):
    loop = Loop(World(seed=5, stiffness_n_m=stiffness_n_m))
    assert loop.until_done(A4C).outcome is Outcome.SUCCEEDED
    left = se3.log(se3.inverse(loop.world.T) @ loop.world.T_base_a4c)
    skin_normal = skin_at(*loop.world.T_base_a4c[:2, 3])[1]
    gap = loop.world.T[:3, 3] - loop.world.T_base_a4c[:3, 3]
    assert np.linalg.norm(gap - (gap @ skin_normal) * skin_normal) < 0.008
    assert np.degrees(np.linalg.norm(left[3:])) < 8.0
    flown = len(loop.heights)
    assert loop.until_done(AORTA).outcome is Outcome.SUCCEEDED
    above = [
        h for h, s in zip(loop.heights[flown:], loop.statuses[flown:], strict=True) if s.detail == "flying to start"
    ]
    assert min(above) > 0.030
    swept = loop.until_done(SWEEP)
    assert swept.outcome is Outcome.SUCCEEDED and 0.15 < swept.station_m < 0.22
    stations = [s.station_m for s in loop.statuses if s.phase is ControlPhase.SWEEP]
    assert all(np.diff(stations) >= 0.0)
    assert loop.until_done(RETREAT).outcome is Outcome.SUCCEEDED and loop.heights[-1] > 0.04
    assert loop.world.peak_n < 12.0
    proof = loop.decisions[:BLOCK_TICKS]  # over skin not seen, safety first waits for the sensor
    assert {reason for d in proof for reason in d.state.reasons} <= {"FORCE_UNPROVEN"}
    assert {d.mode for d in loop.decisions[BLOCK_TICKS:]} == {SafetyMode.OK}
    held = [
        f - s.force_setpoint_n
        for f, s in zip(loop.forces, loop.statuses, strict=True)
        if s.phase in (ControlPhase.REFINE, ControlPhase.HOLD, ControlPhase.SWEEP)
    ]
    rmse_n = float(np.sqrt(np.mean(np.square(held))))
    print(f"K {stiffness_n_m}: force rmse {rmse_n:.2f} N, peak {loop.world.peak_n:.2f} N")
    assert rmse_n <= 1.0
    assert all(np.isfinite(c.twist).all() for c in loop.commands)
    assert all(b.sequence > a.sequence for a, b in zip(loop.commands, loop.commands[1:], strict=False))


def test_the_exam_may_raise_the_force_of_a_running_goal_up_to_the_row():
    loop = Loop(World(seed=16))
    loop.until_done(A4C)
    for wanted_n, given_n in ((7.0, 7.0), (11.0, 8.0)):
        loop.run(replace(A4C, force_setpoint_n=wanted_n), 2.0)
        assert loop.statuses[-1].phase is ControlPhase.HOLD
        assert np.mean(loop.forces[-50:]) == pytest.approx(given_n, abs=0.5)


def test_numbers_that_are_none_in_images_and_goals_leave_no_trace():
    def spoil(inputs: ControlInputs) -> ControlInputs:
        seen = inputs.result
        if seen is None or seen.sequence % 3:
            return inputs
        extents = tuple(replace(e, centroid_x_m=np.nan, sigma_m2=np.nan) for e in seen.extents)
        guidance = tuple(replace(g, relative_pose_twist=g.relative_pose_twist * np.nan) for g in seen.guidance)
        seen = replace(seen, extents=extents, guidance=guidance, coupling=seen.coupling * np.nan, quality=np.nan)
        return replace(inputs, result=seen)

    loop = Loop(World(seed=17), spoil)
    assert loop.until_done(A4C).outcome is Outcome.SUCCEEDED
    assert loop.until_done(replace(AORTA, force_setpoint_n=float("nan"))).outcome is Outcome.SUCCEEDED
    assert all(np.isfinite(c.twist).all() for c in loop.commands)


def test_same_inputs_give_the_same_commands():
    runs = []
    for _ in range(2):
        loop = Loop(World(seed=6))
        loop.run(A4C, 9.0)
        runs.append(np.array([c.twist for c in loop.commands]))
    assert np.array_equal(*runs)


def test_stale_image_freezes_sideways_then_retreats():
    loop = Loop(World(seed=7))
    assert loop.until_done(AORTA).outcome is Outcome.SUCCEEDED
    loop.run(SWEEP, 3.0)
    start = len(loop.statuses)
    loop.change = lambda inputs: replace(inputs, result=frozen)
    frozen = loop.shown.result
    position = None
    for _ in range(90):
        status = loop.tick(SWEEP)
        if status.phase is ControlPhase.RECOVER and position is None:
            position = loop.world.T[:3, 3].copy()
            assert status.frame_age_s == pytest.approx(0.16, abs=0.02)
    assert position is not None
    moved = loop.world.T[:2, 3] - position[:2]
    assert np.linalg.norm(moved) < 0.002
    assert min(loop.forces[start : start + 90]) > 4.0
    final = loop.run(SWEEP, 3.0)
    assert final.outcome is Outcome.ABORTED and "image" in final.detail
    assert loop.heights[-1] > 0.04


def test_a_short_image_gap_is_survived():
    loop = Loop(World(seed=8))
    loop.until_done(AORTA)
    loop.run(SWEEP, 2.0)
    frozen = loop.shown.result
    loop.change = lambda inputs: replace(inputs, result=frozen)
    loop.run(SWEEP, 0.5)
    assert loop.statuses[-1].phase is ControlPhase.RECOVER
    loop.change = None
    station_m = loop.statuses[-1].station_m
    status = loop.run(SWEEP, 2.0)
    assert status.phase is ControlPhase.SWEEP and status.station_m > station_m + 0.01


def test_images_that_stutter_hold_a_view_up_but_do_not_prevent_it():
    """No new one for 150 ms, again and again: at 210 ms of age the probe waits, and half a second on it waits again."""
    loop = Loop(World(seed=12))
    shown = [None]

    def stutter(inputs):
        if loop.world.tick % 40 < 25:
            shown[0] = inputs.result
        return replace(inputs, result=shown[0])

    loop.change = stutter
    assert loop.until_done(AORTA).outcome is Outcome.SUCCEEDED
    waits = [s.phase is ControlPhase.RECOVER for s in loop.statuses]
    assert sum(b and not a for a, b in pairwise(waits)) >= 2


def test_bad_robot_state_sends_no_validity():
    loop = Loop(World(seed=9))
    loop.run(A4C, 3.0)
    for spoil in (
        lambda r: replace(r, wrench=np.full(6, np.nan)),
        lambda r: replace(r, T_base_probe=np.full((4, 4), np.inf)),
        lambda r: replace(r, twist=np.full(6, -np.inf)),
    ):
        loop.change = lambda inputs, spoil=spoil: replace(inputs, robot=spoil(inputs.robot))
        status = loop.tick(A4C)
        assert loop.commands[-1].valid_for_ns == 0 and not loop.commands[-1].twist.any()
        assert "finite" in status.detail and loop.decisions[-1].twist is None
        loop.change = None
        loop.tick(A4C)
    assert loop.until_done(A4C).outcome is Outcome.SUCCEEDED


def test_lost_contact_is_felt_for_and_found_again():
    loop = Loop(World(seed=10, breathing_pp_m=0.0))
    assert loop.until_done(A4C).outcome is Outcome.SUCCEEDED
    loop.world.T[:3, 3] -= 0.012 * loop.world.T[:3, 2]  # pulled off by 12 mm
    loop.run(A4C, 0.5)
    assert any(s.phase is ControlPhase.RECOVER for s in loop.statuses[-50:])
    assert loop.until_done(replace(A4C, goal_id=11)).outcome in (Outcome.SUCCEEDED, Outcome.RUNNING)
    assert loop.world.peak_n < 9.0


def test_changing_goals_does_not_bump():
    """The controller takes forces without noise, whose answers differ by 13 to 23 mm/s from tick to tick.

    Safety takes noisy ones, without which a sensor is dead.
    """
    rng = np.random.default_rng(11)

    def noisy(inputs: SafetyInputs) -> SafetyInputs:
        noise = np.array([0.1, 0.1, 0.1, 0.005, 0.005, 0.005]) * rng.standard_normal(6)
        return replace(inputs, robot=replace(inputs.robot, wrench=inputs.robot.wrench + noise))

    loop = Loop(World(seed=11, noise_n=0.0), spoil=noisy)
    assert loop.until_done(AORTA).outcome is Outcome.SUCCEEDED
    loop.run(AORTA, 1.0)
    for goal in (SWEEP, replace(SWEEP, goal_id=31, kind=GoalKind.HOLD), replace(SWEEP, goal_id=32), AORTA):
        goal = replace(goal, goal_id=goal.goal_id + 100)
        loop.run(goal, 1.5)
    twists = np.array([c.twist for c in loop.commands[-600:]])
    assert np.abs(np.diff(twists[:, :3], axis=0)).max() < 0.004
    assert np.abs(np.array(loop.forces[-600:]) - 8.0).max() < 2.0


def test_without_guidance_the_search_ends_as_not_found_off_the_skin():
    loop = Loop(World(seed=12))
    loop.change = lambda inputs: replace(inputs, result=inputs.result and replace(inputs.result, guidance=()))
    goal = replace(A4C, timeout_s=25.0)
    status = loop.until_done(goal, 40.0)
    assert status.outcome is Outcome.NOT_FOUND and "A4C" in status.detail
    searched = [i for i, s in enumerate(loop.statuses) if s.phase is ControlPhase.SEARCH]
    assert len(searched) > 300
    assert loop.run(goal, 3.0).outcome is Outcome.NOT_FOUND and loop.heights[-1] > 0.04
    assert loop.world.peak_n < 12.0


@pytest.mark.parametrize("missing", ["surface", "landmarks"])
def test_without_the_body_nothing_moves(missing):
    loop = Loop(World(seed=13))
    start = loop.world.T.copy()
    loop.change = lambda inputs: replace(inputs, **{missing: None})
    status = loop.run(replace(A4C, timeout_s=3.0), 2.0)
    assert np.allclose(loop.world.T, start, atol=1e-4) and "body" in status.detail
    assert loop.run(replace(A4C, timeout_s=3.0), 4.0).outcome is Outcome.NOT_FOUND


def test_no_skin_where_expected_aborts_instead_of_pushing_on():
    """The camera sees the body 100 mm too high: safety backs out above the true skin, and the goal ends."""
    loop = Loop(World(seed=14))
    up = np.array([0.0, 0.0, 0.10])
    skin, marks = loop.world.skin, loop.world.marks
    loop.world.skin = replace(skin, points_m=skin.points_m + up)
    loop.world.marks = replace(
        marks, notch_m=marks.notch_m + up, xiphoid_m=marks.xiphoid_m + up, navel_m=marks.navel_m + up
    )
    status = loop.until_done(AORTA, 60.0)
    assert status.outcome is Outcome.ABORTED and "no contact" in status.detail
    assert "FORCE_UNFELT" in loop.decisions[-1].state.reasons
    assert min(loop.heights) > 0.06


def test_random_goals_and_dropouts_leave_no_dead_end():
    rng = np.random.default_rng(15)
    print("seed 15")
    loop = Loop(World(seed=15))
    kinds = [GoalKind.ACQUIRE_VIEW, GoalKind.SWEEP, GoalKind.HOLD, GoalKind.IDLE, GoalKind.RETREAT]
    for n in range(12):
        kind, view = kinds[rng.integers(5)], (View.A4C, View.AORTA_TRANS, View.PLAX)[rng.integers(3)]
        preset = "abdomen" if view is View.AORTA_TRANS else "cardiac"
        goal = ControlGoal(50 + n, kind, view, 5.0, preset, 20.0)
        keep = rng.random() < 0.7
        loop.change = None if keep else (lambda inputs: replace(inputs, result=None))
        loop.run(goal, float(rng.uniform(0.2, 6.0)))
    loop.change = None
    assert loop.until_done(replace(RETREAT, goal_id=99), 10.0).outcome is Outcome.SUCCEEDED
    assert loop.until_done(replace(AORTA, goal_id=100)).outcome is Outcome.SUCCEEDED
    assert loop.world.peak_n < 12.0
    assert np.abs(loop.world.T[:3, 3] - XIPHOID).max() < 0.4
