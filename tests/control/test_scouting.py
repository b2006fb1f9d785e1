"""A view whose own picture is blind to a slide of the probe is reached by way of its scouting view."""

from dataclasses import replace

import numpy as np
from control_world import XIPHOID, World, skin_at
from test_controller import Loop

from echopilot_control.search.windows import SCOUTS, slid
from echopilot_core import ControlGoal, ControlPhase, GoalKind, Guidance, Outcome, Seen, View, se3

PLAX = ControlGoal(1, GoalKind.ACQUIRE_VIEW, View.PLAX, 5.0, "cardiac", 70.0)
SCOUT = SCOUTS[View.PLAX]
TOLD_M, TOLD_RAD = 0.060, 1.0  # from farther off the network tells nothing


class Parasternal(World):
    """Two views from one place; the long axis looks the same from everywhere on an arc over its structures."""

    def __post_init__(self) -> None:
        super().__post_init__()
        point, normal = skin_at(XIPHOID[0] + 0.026, 0.045)
        beam = -normal + np.array([0.25, 0.1, 0.0])
        self.T_base = {
            View.PLAX: se3.transform(se3.look_along(beam, np.array([-0.85, 0.4, -0.3])), point),
            SCOUT: se3.transform(se3.look_along(beam, np.array([0.6, 0.8, 0.0])), point),
        }

    def look(self) -> Seen:
        seen = super().look()
        slide = self.T[:3, 3] - self.T_base[View.PLAX][:3, 3]
        told = {View.PLAX: slid(self.T_base[View.PLAX], slide), SCOUT: self.T_base[SCOUT]}
        guidance, probability = [], np.full(len(View), 0.02)
        sigma = np.array([0.004] * 3 + [0.06] * 3)
        for view, T_target in told.items():
            motion = se3.log(se3.inverse(self.T) @ T_target)
            if np.linalg.norm(motion[:3]) < TOLD_M and np.linalg.norm(motion[3:]) < TOLD_RAD:
                guidance.append(Guidance(view, motion + sigma * self.rng.standard_normal(6), sigma))
                probability[int(view)] = np.exp(-4.0 * float(motion[3:] @ motion[3:])) + 0.02
        return replace(seen, guidance=tuple(guidance), view_probability=probability / probability.sum())


def test_the_place_of_a_blind_view_is_found_in_its_scouting_view_and_kept_when_turning_back():
    world = Parasternal(seed=3)
    loop = Loop(world)
    assert loop.until_done(PLAX).outcome is Outcome.SUCCEEDED
    details = [s.detail for s in loop.statuses if s.phase is ControlPhase.REFINE]
    assert any(f"in {SCOUT.name}" in detail for detail in details) and any("turning" in detail for detail in details)
    T = world.T_base[View.PLAX]
    assert np.linalg.norm((world.T[:3, 3] - T[:3, 3])[:2]) < 0.006
    assert np.degrees(se3.angle_between(world.T[:3, :3], T[:3, :3])) < 6.0
