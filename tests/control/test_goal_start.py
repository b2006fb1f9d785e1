"""A goal may name the place where it begins: it begins there, and a place off the patient is refused before motion."""

from dataclasses import replace

import numpy as np
import pytest
from control_loop import Loop
from control_world import XIPHOID, World, skin_at

from echopilot_control.body_axes import body_axes
from echopilot_control.safety.zones import Zone
from echopilot_control.search.goal_start import OFF_SKIN_M, level_with_start, start_at_place
from echopilot_control.surface import SkinSurface
from echopilot_core import ControlGoal, ControlPhase, EchoPilotError, GoalKind, Outcome, SafetyMode, View, se3

DOWN = np.diag([1.0, -1.0, -1.0])


def placed(along_m: float, aside_m: float = 0.0, up_m: float = 0.0, R: np.ndarray = DOWN) -> np.ndarray:
    """Probe pose (4, 4) so far below the xiphoid along the body and above the skin."""
    point, normal = skin_at(XIPHOID[0] + aside_m, XIPHOID[1] - along_m)
    return se3.transform(R, point + up_m * normal)


def goal(T: np.ndarray | None, kind: GoalKind = GoalKind.SWEEP, sweep_m: float = 0.0, number: int = 1) -> ControlGoal:
    return ControlGoal(number, kind, View.AORTA_TRANS, 6.0, "abdomen", 60.0, 0.008, T, sweep_m)


def test_a_sweep_begins_at_its_place_and_ends_after_its_length() -> None:
    loop, T = Loop(World(seed=5)), placed(0.06)
    end = loop.until_done(goal(T, sweep_m=0.040))
    assert end.outcome is Outcome.SUCCEEDED and end.detail == "sweep of 40 mm ended"
    swept = [i for i, s in enumerate(loop.statuses) if s.phase is ControlPhase.SWEEP]
    assert len(swept) > 100 and 0.040 <= loop.statuses[swept[-1]].station_m < 0.042
    assert {d.mode for d in loop.decisions[swept[0] :]} == {SafetyMode.OK}
    assert max(loop.forces) < 12.0
    touch = next(i for i, s in enumerate(loop.statuses) if s.phase is ControlPhase.TOUCH)
    assert touch < swept[0]


def test_the_probe_touches_down_where_the_goal_says() -> None:
    loop, T = Loop(World(seed=6)), placed(0.09)
    while loop.tick(goal(T)).phase is not ControlPhase.TOUCH:
        assert len(loop.statuses) < 3000
    assert np.linalg.norm((loop.world.T - T)[:2, 3]) < 0.015


def test_a_place_elsewhere_is_flown_to_even_while_the_probe_touches() -> None:
    loop, first, second = Loop(World(seed=5)), placed(0.03), placed(0.11)
    loop.until_done(goal(first, sweep_m=0.010))
    begun = len(loop.statuses)
    while loop.tick(goal(second, number=2)).phase is not ControlPhase.TOUCH:
        assert len(loop.statuses) - begun < 3000
    assert loop.statuses[begun].phase is ControlPhase.RETREAT and max(loop.heights[begun:]) > 0.04
    assert np.linalg.norm((loop.world.T - second)[:2, 3]) < 0.015


TURNED = se3.look_along(np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0]))
REFUSED = {
    "no pose": np.full((4, 4), np.nan),
    "no pose of": np.diag([2.0, 1.0, 1.0, 1.0]),
    "outside the workspace": placed(0.06, up_m=0.60),
    "above the suprasternal notch": placed(-0.30),
    "from the patient's skin": placed(0.06, up_m=0.08),
    "off the skin normal": placed(0.06, R=TURNED),
}


@pytest.mark.parametrize("why", REFUSED)
@pytest.mark.parametrize("kind", [GoalKind.SWEEP, GoalKind.ACQUIRE_VIEW])
def test_a_place_off_the_patient_is_refused_before_anything_moves(why: str, kind: GoalKind) -> None:
    loop = Loop(World(seed=7))
    end = loop.until_done(goal(REFUSED[why], kind), seconds=3.0)
    assert end.outcome is Outcome.ABORTED and why in end.detail and "\n" not in end.detail
    assert not any(c.twist.any() for c in loop.commands)


@pytest.mark.parametrize("length_m", [-0.01, float("nan"), float("inf")])
def test_a_sweep_of_no_length_is_refused(length_m: float) -> None:
    end = Loop(World(seed=7)).until_done(goal(placed(0.06), sweep_m=length_m), seconds=3.0)
    assert end.outcome is Outcome.ABORTED and "its length is" in end.detail


def test_a_place_inside_a_marked_zone_is_never_entered() -> None:
    T = placed(0.09)
    zone = Zone("wound", T[:3, 3], 0.030)
    loop = Loop(World(seed=9), spoil=lambda inputs: replace(inputs, zones=(zone,)))
    away_m = []
    for _ in range(1000):
        loop.tick(goal(T))
        away_m.append(float(np.linalg.norm(loop.world.T[:3, 3] - zone.center_m)))
    assert min(away_m) > zone.radius_m and {s.phase for s in loop.statuses} == {ControlPhase.APPROACH}


def test_a_place_below_the_skin_is_taken_to_the_skin() -> None:
    world = World(seed=8)
    skin = SkinSurface(world.surface())
    start = start_at_place(goal(placed(0.06, up_m=-0.015)), world.landmarks(), skin)
    assert abs(float((start.patch.point_m - placed(0.06)[:3, 3]) @ start.patch.normal)) < 0.003
    with pytest.raises(EchoPilotError, match="skin"):
        start_at_place(goal(placed(0.06, up_m=OFF_SKIN_M + 0.005)), world.landmarks(), skin)


def test_the_long_axis_stays_at_the_level_of_its_place() -> None:
    axes = body_axes(World().landmarks())
    R = se3.look_along(axes.posterior, axes.superior)
    T_start, T_guided = se3.transform(R, np.array([0.5, -0.1, 0.2])), se3.transform(R, np.array([0.51, -0.04, 0.21]))
    here = ControlGoal(1, GoalKind.ACQUIRE_VIEW, View.AORTA_LONG, T_base_start=T_start)
    held = level_with_start(here, T_guided)
    moved = held[:3, 3] - T_guided[:3, 3]
    assert float((held[:3, 3] - T_start[:3, 3]) @ axes.superior) == pytest.approx(0.0, abs=1e-12)
    assert float(moved @ axes.left) == pytest.approx(0.0, abs=1e-12) and np.array_equal(held[:3, :3], R)
    elsewhere = ControlGoal(1, GoalKind.ACQUIRE_VIEW, View.AORTA_LONG)
    assert np.array_equal(level_with_start(elsewhere, T_guided), T_guided)
