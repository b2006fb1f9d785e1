"""Refinement of a tracked view, until the probe has rested at its pose and the view gate agrees."""

from dataclasses import dataclass, replace
from functools import partial
from math import radians

import numpy as np

from echopilot_control.estimates import Estimates, follows_aorta, view_gate_passes
from echopilot_control.observation import Observation
from echopilot_control.phases.phase import Phase, Transition
from echopilot_control.phases.search_view import WEAK_SCORE
from echopilot_control.search.goal_start import level_with_start
from echopilot_control.search.pose_rounds import ROUNDS_AFTER_PROXY, PoseRounds
from echopilot_control.search.windows import rotation_to_view
from echopilot_control.servo.centering import balance_rate_rad_s, centering_velocity_m_s
from echopilot_control.servo.motion import DITHER_RAD_S, MAX_TILT_RAD, MOVE_M_S, TURN_RAD_S, Motion
from echopilot_control.tracking import uncertainty_speed_scale
from echopilot_control.vectors import clamp_norm, project_orthogonal, rotation_rate
from echopilot_core import ControlPhase, View, se3
from echopilot_core.se3 import nearest_tilt

GAIN_1_S = 1.2  # a ramp is followed 1 / GAIN_1_S late, so that the dither pattern is requested as much ahead


@dataclass(frozen=True)
class RefineParameters:
    """Tolerances and times of the refinement."""

    reached_m: float = 0.0025
    reached_rad: float = radians(3.0)
    stable_ns: int = 700_000_000  # at the pose, with the view gate passed
    accept_ns: int = 4_000_000_000  # so long at the pose, it is taken without the gate (twice so for a low score)
    follow_least_s: float = 2.0  # before the first round
    follow_most_s: float = 5.0
    usable_m: float = 0.012  # uncertainty at which the speed is halved
    far_rad: float = radians(25.0)
    unsure_s: float = 0.5
    lost_ns: int = 2_000_000_000
    coast_ns: int = 4_000_000_000  # at 15 mm/s this crosses a rib and its shadow
    aorta_tilt_rad: float = radians(25.0)
    aorta_centered_m: float = 0.005
    aorta_probability: float = 0.3


@dataclass(frozen=True)
class _Step:
    """Motion of one tick, whether the probe is at the wanted pose, and whether the image confirms the view."""

    motion: Motion
    reached: bool = False
    confirmed: bool = False


class RefineView(Phase):
    """Follows the tracked view by guidance, averages it over rounds of a dither pattern, and goes to the mean pose.

    When a proxy view was sought, it then turns to the goal's view. For the aorta it centers the lumen instead. HOLD
    begins once the pose has been held with the gate passed, or for long without.
    """

    phase = ControlPhase.REFINE

    def __init__(self, parameters: RefineParameters | None = None) -> None:
        super().__init__()
        self._p = parameters or RefineParameters()

    def update(self, obs: Observation, estimates: Estimates) -> Motion | Transition:
        """Servo on the target; over to HOLD at its pose, back to SEARCH when it stays lost."""
        if not estimates.is_target_tracked(obs) and self._in_phase_s(obs.now_ns) > self._p.unsure_s:
            return self._without_target(obs, estimates)
        step = self._center_lumen(obs, estimates) if follows_aorta(obs.goal) else self._refine(obs, estimates)
        if not step.reached:
            self._good_since_ns = -1
            return step.motion
        if self._good_since_ns < 0:
            self._good_since_ns = obs.now_ns
        stable_ns = obs.now_ns - self._good_since_ns
        accept_ns = self._p.accept_ns if estimates.score > WEAK_SCORE else 2 * self._p.accept_ns
        if (step.confirmed and stable_ns > self._p.stable_ns) or stable_ns > accept_ns:
            estimates.confirm_view(step.confirmed)
            doubt = "" if step.confirmed else ", not confirmed by the view gate"
            return Transition(ControlPhase.HOLD, detail=f"{obs.goal.view.name} acquired{doubt}")
        return step.motion

    def _without_target(self, obs: Observation, estimates: Estimates) -> Motion | Transition:
        """Cross a shadow towards the last target; search around the present place when nothing comes back."""
        lost_ns = obs.now_ns - estimates.target_seen_ns
        aimed = estimates.view_pose.T_base_target is not None or estimates.rounds.T_base_mean is not None
        if aimed and lost_ns < self._p.coast_ns:
            step = self._refine(obs, estimates)
            if not step.reached:
                return step.motion
        setpoint_n = estimates.setpoint_n
        motion = Motion(ControlPhase.REFINE, setpoint_n=setpoint_n, detail="target unsure", progress=0.6)
        return Transition(ControlPhase.SEARCH, motion, restart=True) if lost_ns > self._p.lost_ns else motion

    def _refine(self, obs: Observation, estimates: Estimates) -> _Step:
        p, rounds, setpoint_n = self._p, estimates.rounds, estimates.setpoint_n
        T_target = rounds.T_base_mean if rounds.T_base_mean is not None else estimates.view_pose.T_base_target
        if rounds.under_way:
            T_target = rounds.step(obs.now_ns, 1.0 / GAIN_1_S, partial(estimates.settle_round, obs))
            if rounds.settled and estimates.proxy_view is not None:
                return _Step(self._turn_from_proxy(obs, estimates))
        if T_target is None:
            return _Step(Motion(ControlPhase.REFINE, setpoint_n=setpoint_n))
        T_target = level_with_start(obs.goal, T_target)
        miss = project_orthogonal(T_target[:3, 3] - obs.position_m, obs.outward)
        R_wanted = nearest_tilt(T_target[:3, :3], -obs.outward, MAX_TILT_RAD)
        angle = se3.angle_between(obs.rotation, R_wanted)
        miss_m = float(np.linalg.norm(miss))
        sigma_m = float(estimates.view_pose.sigma[:3].max())
        speed = 1.0 if rounds.under_way else uncertainty_speed_scale(sigma_m, p.usable_m)
        turn_rad_s = DITHER_RAD_S if rounds.under_way or angle > p.far_rad else TURN_RAD_S
        motion = Motion(
            ControlPhase.REFINE,
            linear_m_s=speed * clamp_norm(GAIN_1_S * miss, MOVE_M_S),
            angular_rad_s=speed * rotation_rate(obs.rotation, R_wanted, GAIN_1_S, turn_rad_s),
            setpoint_n=setpoint_n,
            detail=_detail(estimates, miss_m, angle),
            progress=0.6 + 0.3 * rounds.rounds / rounds.count.most,
        )
        slack = 2.0 if self._good_since_ns >= 0 else 1.0  # a reached pose is not lost by a little noise
        reached = miss_m < slack * p.reached_m and angle < slack * p.reached_rad
        if rounds.under_way:
            return _Step(motion)
        followed_s = self._in_phase_s(obs.now_ns)
        if rounds.T_base_mean is None and ((reached and followed_s > p.follow_least_s) or followed_s > p.follow_most_s):
            rounds.start_round(T_target, obs.now_ns)
        elif rounds.T_base_mean is not None and reached and not rounds.settled:
            rounds.start_round(rounds.T_base_mean, obs.now_ns)
        return _Step(motion, reached and rounds.settled, view_gate_passes(obs))

    def _turn_from_proxy(self, obs: Observation, estimates: Estimates) -> Motion:
        """Turn from the settled pose of the proxy view to the view of the goal."""
        proxy, T_mean = estimates.proxy_view, estimates.rounds.T_base_mean
        assert proxy is not None and T_mean is not None
        T = se3.transform(rotation_to_view(T_mean[:3, :3], proxy, obs.goal.view), T_mean[:3, 3])
        estimates.proxy_view = None
        T = estimates.with_view_model(obs, T)
        if estimates.start is not None:
            estimates.start = replace(estimates.start, T_base_probe=T)
        estimates.view_pose.reset()
        estimates.rounds = PoseRounds(ROUNDS_AFTER_PROXY, T_base_mean=T)
        detail = f"turning from {proxy.name}"
        return Motion(ControlPhase.REFINE, setpoint_n=estimates.setpoint_n, detail=detail, progress=0.8)

    def _center_lumen(self, obs: Observation, estimates: Estimates) -> _Step:
        estimate = estimates.lumen.now(obs.now_ns, obs.T_base_probe)
        if estimate is None:
            return _Step(Motion(ControlPhase.REFINE, setpoint_n=estimates.setpoint_n))
        speed = centering_velocity_m_s(estimate.x_m, 0.0, MOVE_M_S, estimate.speed_x_m_s)
        speed = speed * uncertainty_speed_scale(estimate.sigma_x_m, 0.01)
        R_wanted = nearest_tilt(estimates.initial_rotation(obs), -obs.outward, self._p.aorta_tilt_rad)
        turn = rotation_rate(obs.rotation, R_wanted, 0.6, radians(8.0))
        if obs.result is not None:
            turn = turn + balance_rate_rad_s(obs.result.coupling) * obs.rotation[:, 1]
        motion = Motion(
            ControlPhase.REFINE,
            linear_m_s=speed * project_orthogonal(obs.rotation[:, 0], obs.outward),
            angular_rad_s=turn,
            setpoint_n=estimates.setpoint_n,
            detail=f"centering the aorta: {1e3 * estimate.x_m:.1f} mm",
            progress=0.7,
        )
        probability = float(obs.result.view_probability[int(View.AORTA_TRANS)]) if obs.result is not None else 0.0
        centered = abs(estimate.x_m) < self._p.aorta_centered_m
        return _Step(motion, centered, probability >= self._p.aorta_probability)


def _detail(estimates: Estimates, miss_m: float, angle_rad: float) -> str:
    rounds = estimates.rounds
    if rounds.under_way:
        by_way = f" in {estimates.proxy_view.name}" if estimates.proxy_view is not None else ""
        return f"looking round{by_way}, {rounds.rounds + 1} of at most {rounds.count.most} times"
    return f"refining: {1e3 * miss_m:.1f} mm, {np.degrees(angle_rad):.1f} deg to go"
