"""Search for a view: a spiral over the skin with a tilt fan, until the target is tracked."""

from math import radians

import numpy as np

from echopilot_control.estimates import Estimates
from echopilot_control.observation import Observation
from echopilot_control.phases.phase import Phase, Transition
from echopilot_control.search.pose_rounds import PROXY_ROUNDS, ROUNDS, PoseRounds
from echopilot_control.search.spiral import fan_rad, spiral_point_m
from echopilot_control.servo.motion import DITHER_RAD_S, MAX_TILT_RAD, MOVE_M_S, TURN_RAD_S, Motion
from echopilot_control.vectors import clamp_norm, project_orthogonal, rotation_rate
from echopilot_core import Array, ControlPhase, se3
from echopilot_core.se3 import nearest_tilt

_SEARCH_M_S = 0.012
_SEARCH_RADIUS_M = 0.045
_GAIN_1_S = 1.5
_NEAR_M, _NEAR_RAD = 0.008, radians(8.0)  # of the spiral's point and tilt: nearer, the search goes on
_PROXY_RAD = radians(25.0)  # the target is tracked in a proxy view only this near its direction
WEAK_SCORE = 0.2


class SearchView(Phase):
    """Turns into the direction of the view, then follows a spiral over the skin with a tilt fan.

    At the end of the spiral, it begins again around the best image so far.
    """

    phase = ControlPhase.SEARCH

    def __init__(self) -> None:
        super().__init__()
        self._center_m: Array | None = None
        self._R_search: Array | None = None
        self._travel_m = 0.0

    def enter(self, obs: Observation, estimates: Estimates, transition: Transition) -> None:
        """Go on with the spiral, or begin a new one at the present position."""
        super().enter(obs, estimates, transition)
        if transition.restart:
            estimates.view_pose.reset()
            self._center_m = obs.position_m.copy()
            self._R_search = estimates.initial_rotation(obs)
            self._travel_m = 0.0

    def update(self, obs: Observation, estimates: Estimates) -> Motion | Transition:
        """One tick along the spiral; over to REFINE once the target is tracked."""
        if self._center_m is None or self._R_search is None:
            point_m = estimates.start.patch.point_m if estimates.start is not None else obs.position_m
            T_guess = se3.transform(estimates.initial_rotation(obs), point_m)
            T_search = estimates.with_view_model(obs, T_guess, prior=True)
            self._R_search, self._center_m = T_search[:3, :3], T_search[:3, 3]
        by_proxy = estimates.proxy_view is not None
        turned = not by_proxy or se3.angle_between(obs.rotation, self._R_search) < _PROXY_RAD
        if estimates.is_target_tracked(obs) and turned:
            estimates.rounds = PoseRounds(PROXY_ROUNDS if by_proxy else ROUNDS)
            return Transition(ControlPhase.REFINE)
        x = project_orthogonal(self._R_search[:, 0], obs.outward)
        x = x / max(float(np.linalg.norm(x)), 1e-9)
        y = se3.hat(obs.outward) @ x
        point = spiral_point_m(self._travel_m)
        wanted_m = self._center_m + point[0] * x + point[1] * y
        miss = project_orthogonal(wanted_m - obs.position_m, obs.outward)
        tilt = fan_rad(max(self._travel_m, 0.0) / _SEARCH_M_S)
        R_wanted = self._R_search @ se3.so3_exp(np.array([tilt[0], tilt[1], 0.0]))
        R_wanted = nearest_tilt(R_wanted, -obs.outward, MAX_TILT_RAD)
        turn = rotation_rate(obs.rotation, R_wanted, _GAIN_1_S, TURN_RAD_S if turned else DITHER_RAD_S)
        if float(np.linalg.norm(miss)) < _NEAR_M and float(np.linalg.norm(turn)) < _GAIN_1_S * _NEAR_RAD:
            self._travel_m += _SEARCH_M_S * obs.dt_s
        if float(np.linalg.norm(point)) > _SEARCH_RADIUS_M:
            self._travel_m = 0.0
            if estimates.T_base_best is not None and estimates.best_score > WEAK_SCORE:
                self._center_m, self._R_search = estimates.T_base_best[:3, 3], estimates.T_base_best[:3, :3]
        return Motion(
            ControlPhase.SEARCH,
            linear_m_s=clamp_norm(_GAIN_1_S * miss, MOVE_M_S),
            angular_rad_s=turn,
            setpoint_n=estimates.setpoint_n,
            detail=f"searching {obs.goal.view.name}",
            progress=0.3,
        )
