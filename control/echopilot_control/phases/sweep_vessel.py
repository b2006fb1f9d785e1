"""Sweep along the abdominal aorta from xiphoid to navel, centered on the lumen and perpendicular to the vessel."""

from dataclasses import dataclass
from math import cos, pi, radians

import numpy as np

from echopilot_control.body_axes import BodyAxes
from echopilot_control.estimates import Estimates
from echopilot_control.observation import Observation
from echopilot_control.phases.phase import Phase, Transition
from echopilot_control.servo.center_line import TrackedSection, vessel_direction
from echopilot_control.servo.centering import balance_rate_rad_s, centering_velocity_m_s
from echopilot_control.servo.motion import Motion
from echopilot_control.tracking import uncertainty_speed_scale
from echopilot_control.vectors import project_orthogonal, rotation_rate
from echopilot_core import Array, ClassExtent, ControlPhase, Outcome, PerceptionResult, SegmentationClass, se3
from echopilot_core.se3 import nearest_tilt

_LEAN = 0.16


@dataclass(frozen=True)
class SweepParameters:
    """Speeds, gains and limits of the sweep; shares are of the way from xiphoid to navel."""

    max_speed_m_s: float = 0.015
    beyond_navel_m: float = 0.010
    lost_end_m: float = 0.025  # of way without the vessel, beyond the share below: it has divided
    lost_after_share: float = 0.70
    lateral_m_s: float = 0.012
    sagittal_reach_m: float = 0.055  # farthest from the sagittal plane
    unseen_ns: int = 1_000_000_000
    unseen_lateral_m_s: float = 0.010
    section_spacing_m: float = 0.001
    section_age_ns: int = 100_000_000
    line_memory_m: float = 0.050
    turn_gain_1_s: float = 2.0  # at 7 mm/s the plane is turned 3 mm behind the curve
    turn_rad_s: float = radians(12.0)
    line_tilt_rad: float = radians(15.0)
    skin_tilt_rad: float = radians(25.0)


class SweepVessel(Phase):
    """Slides along the skin, keeps the aorta centered and the image plane across it.

    Succeeds past the navel, where the aorta has ended beyond 70 % of the way, or after the length that the goal asks
    for. `station_m` is the way so far, NaN before the first tick.
    """

    phase = ControlPhase.SWEEP

    def __init__(self, parameters: SweepParameters | None = None) -> None:
        super().__init__()
        self._p = parameters or SweepParameters()
        self.station_m = float("nan")
        self._last_m: Array | None = None
        self._lost_m = 0.0
        self._sections: list[TrackedSection] = []  # the newest ones
        self._tangent: Array | None = None  # of the tracked center line (3,), towards the feet
        self._end_detail = ""

    def update(self, obs: Observation, estimates: Estimates) -> Motion | Transition:
        """One tick along the skin; over to HOLD at the end."""
        p, axes = self._p, estimates.body.axes
        if axes is None:
            return Motion(ControlPhase.SWEEP, setpoint_n=estimates.setpoint_n, detail="waiting for landmarks")
        onward = _unit(project_orthogonal(-axes.superior, obs.outward))
        tracked = estimates.is_target_tracked(obs)
        self._advance(obs, onward, tracked)
        share = float((axes.xiphoid_m - obs.position_m) @ axes.superior) / axes.abdomen_m
        past = share * axes.abdomen_m > axes.abdomen_m + p.beyond_navel_m
        divided = share > p.lost_after_share and self._lost_m > p.lost_end_m
        whole = 0.0 < obs.goal.sweep_m <= self.station_m
        ended = past or divided or whole
        if ended:
            self._end_detail = (
                f"sweep of {1e3 * obs.goal.sweep_m:.0f} mm ended"
                if whole
                else "sweep ended past the navel"
                if past
                else "sweep ended where the aorta was no longer seen"
            )
        if obs.new_result is not None:
            self._add_section(obs, estimates, axes, share)

        sideways = _unit(project_orthogonal(obs.rotation[:, 0], obs.outward))
        speed = min(obs.goal.speed_m_s, p.max_speed_m_s)
        lateral = 0.0
        estimate = estimates.lumen.now(obs.now_ns, obs.T_base_probe) if tracked else None
        if estimate is not None:
            lateral = centering_velocity_m_s(estimate.x_m, 0.0, p.lateral_m_s, estimate.speed_x_m_s)
            lateral *= uncertainty_speed_scale(estimate.sigma_x_m, 0.01)
        elif obs.now_ns - estimates.target_seen_ns > p.unseen_ns:  # +-5 mm, to find it again
            swing_s = 0.0 if ended else self._in_phase_s(obs.now_ns)
            lateral = p.unseen_lateral_m_s * cos(2.0 * pi * swing_s / 3.0)
            speed *= 0.7
        from_sagittal_m = float((obs.position_m - axes.xiphoid_m) @ axes.left)
        if abs(from_sagittal_m) > p.sagittal_reach_m and lateral * from_sagittal_m * float(sideways @ axes.left) > 0.0:
            lateral = 0.0
        turn = rotation_rate(obs.rotation, self._wanted_rotation(obs, axes, share), p.turn_gain_1_s, p.turn_rad_s)
        if obs.result is not None:
            turn = turn + 0.5 * balance_rate_rad_s(obs.result.coupling) * obs.rotation[:, 1]
        motion = Motion(
            ControlPhase.SWEEP,
            linear_m_s=speed * onward + lateral * sideways,
            angular_rad_s=turn,
            setpoint_n=estimates.setpoint_n,
            outcome=Outcome.SUCCEEDED if ended else Outcome.RUNNING,
            detail=self._end_detail or ("following the aorta" if tracked else "aorta not seen"),
            progress=min(max(share, 0.0), 1.0),
        )
        return Transition(ControlPhase.HOLD, motion, detail=self._end_detail) if ended else motion

    def _advance(self, obs: Observation, onward: Array, tracked: bool) -> None:
        last = self._last_m if self._last_m is not None else obs.position_m
        advance_m = max(float((obs.position_m - last) @ onward), 0.0)
        self._last_m = obs.position_m.copy()
        self.station_m = advance_m + (0.0 if np.isnan(self.station_m) else self.station_m)
        self._lost_m = 0.0 if tracked else self._lost_m + advance_m

    def _add_section(self, obs: Observation, estimates: Estimates, axes: BodyAxes, share: float) -> None:
        result, T_at_frame, line, p = obs.new_result, obs.T_base_probe_at_frame, self._sections, self._p
        point = estimates.lumen.point_m(obs.now_ns)
        lumen = result.extent(SegmentationClass.AO_LUMEN) if result is not None else None
        if point is None or lumen is None or result is None or T_at_frame is None:
            return
        if obs.now_ns - estimates.target_seen_ns > p.section_age_ns:
            return
        onward, R = -axes.superior, T_at_frame[:3, :3]
        if not line or float(np.linalg.norm(point - line[-1].center_m)) > p.section_spacing_m:
            back = point + _to_back_m(result, lumen) * R[:, 2]
            section = TrackedSection(point, _along(R, onward), lumen.area_m2, back)
            if section.finite:
                line.append(section)
        while len(line) > 2 and float(np.linalg.norm(line[0].center_m - line[-1].center_m)) > p.line_memory_m:
            line.pop(0)
        usual = _along(_nominal_rotation(axes, share), onward)
        self._tangent = vessel_direction(line, onward, usual, axes.posterior)

    def _wanted_rotation(self, obs: Observation, axes: BodyAxes, share: float) -> Array:
        """The image plane (3, 3) across the aorta, at most 15 degrees from nominal and 25 from the skin."""
        nominal, tangent = _nominal_rotation(axes, share), self._tangent
        wanted = nominal
        if tangent is not None:
            beam = nominal[:, 2]
            wanted = se3.look_along(beam - float(beam @ tangent) * tangent, se3.hat(tangent) @ beam)
            excess = se3.so3_log(nominal.T @ wanted)
            angle = float(np.linalg.norm(excess))
            if angle > self._p.line_tilt_rad:
                wanted = nominal @ se3.so3_exp(excess * (self._p.line_tilt_rad / angle))
        return nearest_tilt(wanted, -obs.outward, self._p.skin_tilt_rad)


def _to_back_m(result: PerceptionResult, lumen: ClassExtent) -> float:
    """From the center of the lumen to the posterior wall [m], thrombus included, as if both were round."""
    wall = result.extent(SegmentationClass.AO_WALL)
    if wall is None:
        return float(np.sqrt(lumen.area_m2 / np.pi))
    area_m2 = lumen.area_m2 + wall.area_m2
    return wall.area_m2 / area_m2 * (wall.centroid_y_m - lumen.centroid_y_m) + float(np.sqrt(area_m2 / np.pi))


def _along(R: Array, onward: Array) -> Array:
    """Normal (3,) of the image plane of a probe, turned onward."""
    return R[:, 1] if float(R[:, 1] @ onward) > 0.0 else -R[:, 1]


def _nominal_rotation(axes: BodyAxes, share: float) -> Array:
    """Rotation (3, 3) to expect at a share of the way from xiphoid to navel.

    The beam leans 9 degrees towards the feet at the xiphoid, where the aorta leaves the diaphragm, and becomes vertical
    at 60 % of the way.
    """
    return se3.look_along(axes.posterior - _LEAN * max(1.0 - share / 0.6, 0.0) * axes.superior, axes.left)


def _unit(vector: Array) -> Array:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
