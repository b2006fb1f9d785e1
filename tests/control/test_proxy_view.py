"""A view whose image does not localize the probe along the chest is reached through its proxy view."""

from dataclasses import replace

import numpy as np
from control_loop import Loop
from control_world import XIPHOID, World, skin_at

from echopilot_control.search.priors import PRIORS
from echopilot_control.search.window_shift import AIM_M
from echopilot_control.search.windows import PROXY_VIEWS
from echopilot_core import ControlGoal, ControlPhase, GoalKind, Guidance, Outcome, PerceptionResult, View, se3

PLAX = ControlGoal(1, GoalKind.ACQUIRE_VIEW, View.PLAX, 5.0, "cardiac", 70.0)
PROXY = PROXY_VIEWS[View.PLAX]
R_BASE_PATIENT = np.column_stack([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
RANGE_M, RANGE_RAD = 0.060, 1.0  # of guidance


class Parasternal(World):
    """Two views from one place; the long axis looks the same from everywhere on an arc over its structures."""

    def __post_init__(self) -> None:
        super().__post_init__()
        point, _ = skin_at(XIPHOID[0] + 0.026, 0.052)
        astray = se3.so3_exp(np.array([0.06, -0.08, 0.05]))
        self.T_base = {
            view: se3.transform(R_BASE_PATIENT @ astray @ PRIORS[view].rotation, point) for view in (View.PLAX, PROXY)
        }

    def look(self) -> PerceptionResult:
        seen = super().look()
        slide = self.T[:3, 3] - self.T_base[View.PLAX][:3, 3]
        shown = {View.PLAX: se3.shift_about_point(self.T_base[View.PLAX], slide, AIM_M), PROXY: self.T_base[PROXY]}
        guidance, probability = [], np.full(len(View), 0.02)
        sigma = np.array([0.004] * 3 + [0.06] * 3)
        for view, T_target in shown.items():
            motion = se3.log(se3.inverse(self.T) @ T_target)
            if np.linalg.norm(motion[:3]) < RANGE_M and np.linalg.norm(motion[3:]) < RANGE_RAD:
                guidance.append(Guidance(view, motion + sigma * self.rng.standard_normal(6), sigma))
                probability[int(view)] = np.exp(-4.0 * float(motion[3:] @ motion[3:])) + 0.02
        return replace(seen, guidance=tuple(guidance), view_probability=probability / probability.sum())


def test_the_position_of_a_view_is_found_in_its_proxy_view_and_kept_when_turning_back():
    world = Parasternal(seed=3)
    loop = Loop(world)
    assert loop.until_done(PLAX).outcome is Outcome.SUCCEEDED
    details = [s.detail for s in loop.statuses if s.phase is ControlPhase.REFINE]
    assert any(f"in {PROXY.name}" in detail for detail in details) and any("turning" in detail for detail in details)
    T = world.T_base[View.PLAX]
    assert np.linalg.norm((world.T[:3, 3] - T[:3, 3])[:2]) < 0.006
    assert np.degrees(se3.angle_between(world.T[:3, :3], T[:3, :3])) < 6.0


def test_a_proxy_view_is_not_sought_twice_on_one_body_but_again_on_another():
    world = Parasternal(seed=3)
    loop = Loop(world)

    def by_proxy(goal_id: int) -> bool:
        loop.statuses.clear()
        loop.until_done(replace(PLAX, goal_id=goal_id))
        return any(f"in {PROXY.name}" in s.detail for s in loop.statuses)

    assert by_proxy(1)
    assert not by_proxy(2)
    up = np.array([0.0, 0.032, 0.0])
    at = world.marks
    other = replace(at, notch_m=at.notch_m + up, xiphoid_m=at.xiphoid_m + up, navel_m=at.navel_m + up)
    loop.change = lambda inputs: replace(inputs, landmarks=other)
    assert by_proxy(3)
