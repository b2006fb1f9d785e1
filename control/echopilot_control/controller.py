"""The probe controller: one call per tick, from robot state, images and goal to a command and a status."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_control.body_axes import BodyAxes, body_axes, moved_m
from echopilot_control.context import Context, Memory, admissible_setpoint_n
from echopilot_control.force.regulator import ForceReading, ForceRegulator
from echopilot_control.frozen import PictureWatch
from echopilot_control.hand import Jog, hand_twist
from echopilot_control.midline import on_midline
from echopilot_control.phases.dispatch import begin, run
from echopilot_control.safety.limits import DESIGN_ROWS, Limits
from echopilot_control.safety.robot_checks import finite
from echopilot_control.search.beside import STEP_M
from echopilot_control.search.priors import StartOffset
from echopilot_control.servo.motion import Motion, blend
from echopilot_control.servo.smoothing import Smoother
from echopilot_control.servo.velocity import VelocityFollower
from echopilot_control.surface import Skin, SkinPatch
from echopilot_control.tracking import PoseHistory
from echopilot_control.vectors import all_finite, shortened
from echopilot_core import (
    BodyLandmarks,
    BodySurface,
    ControlGoal,
    ControlPhase,
    ControlStatus,
    EchoPilotError,
    GoalKind,
    Outcome,
    ProbeCommand,
    RobotMode,
    RobotState,
    Seen,
    View,
    to_ns,
)

Array = NDArray[np.float64]

_DT_S = 0.010
_VALID_NS = to_ns(0.040)
_FREE_N = 0.5
_TOUCHING_N = 1.0
_PATCH_TICKS, _PATCH_TICKS_FREE = 6, 3
_SKIN_KEPT_NS = to_ns(2.0)
_ANOTHER_BODY_M = 0.030  # landmarks that moved farther are those of somebody else: views found do not count there


@dataclass(frozen=True)
class ControlInputs:
    """One tick; `seen` is the newest result that is due, or None."""

    now_ns: int
    robot: RobotState
    seen: Seen | None
    surface: BodySurface | None
    landmarks: BodyLandmarks | None
    goal: ControlGoal
    jog: Jog | None = None


@dataclass(frozen=True)
class ControlOutput:
    """What goes to safety and what goes to the exam."""

    command: ProbeCommand
    status: ControlStatus


class Controller:
    """Deterministic: equal inputs give equal outputs. One instance per run; `step` never raises on bad data.

    `start_offset` puts the start of a goal off its prior; trials use it.
    """

    def __init__(
        self, limits: Limits, start_offset: Callable[[ControlGoal], StartOffset | None] = lambda _: None
    ) -> None:
        self._limits = limits
        self._start_offset = start_offset
        self._regulator = ForceRegulator(limits.ramp_n_s)
        self._follower = VelocityFollower()
        self._smoother = Smoother()
        self._found: dict[View, Array] = {}
        self._held: tuple[View, Array] | None = None  # the view held last, and where more of it was seen
        self._beside_m: Array | None = None
        self._history = PoseHistory()
        self._sequence = 0
        self._goal: ControlGoal | None = None
        self._mem: Memory | None = None
        self._seen_sequence = -1
        self._picture = PictureWatch()
        self._skin: Skin | None = None
        self._skin_built_ns = 0
        self._axes: BodyAxes | None = None
        self._landmarks: BodyLandmarks | None = None
        self._on_midline = False
        self._patch: SkinPatch | None = None
        self._last_ns: int | None = None
        self._regulating = False
        self._trouble = ""

    def retune(self, crossover_rad_s: float) -> None:
        """Change the crossover of the force loop [rad/s] while running; EchoPilotError outside 2 .. 16 rad/s."""
        self._regulator.retune(crossover_rad_s)

    def step(self, inputs: ControlInputs) -> ControlOutput:
        """One control tick (100 Hz)."""
        robot = inputs.robot
        if not finite(robot):
            self._follower.reset()
            return self._output(inputs, np.zeros(6), Motion(self._phase(), detail="robot state is not finite"), 0)
        if robot.mode is RobotMode.FAULT:
            self._follower.reset()
            motion = Motion(self._phase(), outcome=Outcome.ABORTED, detail="robot fault")
            return self._output(inputs, np.zeros(6), motion, 0)
        self._history.add(robot.stamp_ns, robot.T_base_probe)
        ctx = self._context(inputs)
        if self._mem is None or self._goal is None or inputs.goal.goal_id != self._goal.goal_id:
            self._start(ctx)
        mem = self._mem
        assert mem is not None and self._goal is not None
        if inputs.goal.force_setpoint_n != self._goal.force_setpoint_n:  # the same goal, pressed harder or softer
            mem.setpoint_n = admissible_setpoint_n(inputs.goal, ctx.row)
            self._goal = inputs.goal
        try:
            motion = run(ctx, mem)
        except EchoPilotError as error:
            motion = Motion(mem.phase, outcome=Outcome.ABORTED, detail=str(error))
        if mem.confirmed:
            self._found.update(mem.heard)
        if mem.phase is ControlPhase.HOLD and self._goal.kind is GoalKind.ACQUIRE_VIEW:
            self._held = self._goal.view, mem.homing.richer
        if self._trouble and motion.rest:
            motion = Motion(motion.phase, detail=self._trouble, rest=True)
        twist = self._twist(ctx, motion, robot)
        return self._output(inputs, twist, motion, _VALID_NS)

    def _start(self, ctx: Context) -> None:
        self._goal = ctx.goal
        again = self._held is not None and ctx.goal.kind is GoalKind.ACQUIRE_VIEW and ctx.goal.view is self._held[0]
        self._beside_m = STEP_M * self._held[1] if again and self._held is not None else None
        try:
            self._mem = begin(ctx)
        except EchoPilotError as error:
            self._mem = Memory(ControlPhase.RETREAT, ctx.now_ns, ctx.now_ns, 0.0)
            self._mem.final = (Outcome.ABORTED, str(error))

    def _context(self, inputs: ControlInputs) -> Context:
        robot, now_ns = inputs.robot, inputs.now_ns
        dt_s = _DT_S if self._last_ns is None else min(max((now_ns - self._last_ns) * 1e-9, 0.001), 0.05)
        self._last_ns = now_ns
        self._learn_body(inputs)
        seen = inputs.seen
        self._picture = self._picture if seen is None else self._picture.after(seen)
        age_s = float("nan") if seen is None else (now_ns - self._picture.stamp_ns) * 1e-9
        fresh = seen if seen is not None and seen.sequence > self._seen_sequence else None
        if fresh is not None:
            self._seen_sequence = fresh.sequence
        free = robot.contact_force_n < _FREE_N
        every = _PATCH_TICKS_FREE if free else _PATCH_TICKS
        if self._skin is not None and (self._patch is None or self._sequence % every == 0):
            self._patch = self._skin.patch(robot.T_base_probe[:3, 3])
        preset = inputs.goal.preset
        limits = self._limits
        return Context(
            now_ns=now_ns,
            dt_s=dt_s,
            T=robot.T_base_probe,
            force_n=robot.contact_force_n,
            seen=seen,
            fresh=fresh,
            T_at_frame=self._history.at(fresh.stamp_ns) if fresh is not None else None,
            image_age_s=age_s,
            goal=inputs.goal,
            row=limits.row(preset) if preset in DESIGN_ROWS else limits.strictest(),
            limits=limits,
            skin=self._skin,
            axes=self._axes,
            under=self._patch,
            start_offset=self._start_offset(inputs.goal),
            found={view: where for view, where in self._found.items() if view is not inputs.goal.view},
            beside_m=self._beside_m,
            hand=hand_twist(robot, inputs.jog, now_ns) if inputs.goal.kind is GoalKind.HOLD else np.zeros(6),
        )

    def _learn_body(self, inputs: ControlInputs) -> None:
        """Keep a surface while in contact; renew it in the air at most every 2 s."""
        self._trouble = ""
        try:
            if inputs.landmarks is not None and inputs.landmarks is not self._landmarks:
                self._axes = body_axes(inputs.landmarks)
                if self._landmarks is not None and moved_m(self._landmarks, inputs.landmarks) > _ANOTHER_BODY_M:
                    self._found, self._held = {}, None
                self._landmarks = inputs.landmarks
                self._on_midline = False
            surface = inputs.surface
            if surface is None:
                return
            free = inputs.robot.contact_force_n < _FREE_N
            old = inputs.now_ns - self._skin_built_ns > _SKIN_KEPT_NS
            descending = self._mem is not None and self._mem.descending
            if self._skin is None or (free and old and not descending and surface.stamp_ns != self._skin.stamp_ns):
                self._skin = Skin(surface)
                self._skin_built_ns = inputs.now_ns
            if not self._on_midline and self._axes is not None and self._landmarks is not None:
                self._axes = on_midline(self._axes, self._landmarks, self._skin)
                self._on_midline = True
        except EchoPilotError as error:
            self._trouble = str(error)

    def _twist(self, ctx: Context, motion: Motion, robot: RobotState) -> Array:
        reading = ForceReading(
            force_n=ctx.force_n,
            position_m=float(ctx.position_m @ ctx.z),
            velocity_m_s=float(robot.twist[:3] @ ctx.z),
            dt_s=ctx.dt_s,
        )
        if motion.rest:
            self._follower.reset()
            self._regulating = False
            return np.zeros(6)
        self._regulator.observe(reading)
        if robot.mode is not RobotMode.SERVO:
            self._follower.reset()
        if motion.setpoint_n is not None:
            if not self._regulating:
                self._regulator.reset(max(ctx.force_n, 0.0))
                self._smoother.reset()
            setpoint_n = min(motion.setpoint_n, ctx.row.setpoint_max_n)
            touching = ctx.force_n > _TOUCHING_N
            limit = self._limits.normal_contact_m_s if touching else self._limits.approach_m_s
            normal = self._regulator.velocity(reading, setpoint_n, ctx.row.soft_cap_n, limit)
            wanted = blend(motion, ctx.z, normal, self._limits)
        else:
            wanted = np.concatenate([self._soft_landing(ctx, motion.linear_m_s), motion.angular_rad_s])
        self._regulating = motion.setpoint_n is not None
        if not all_finite(wanted):
            return wanted  # goes out without validity and leaves no trace
        if self._regulating:
            wanted = self._smoother.smooth(wanted, ctx.z, ctx.dt_s)
        sent = self._bounded(self._follower.follow(wanted, robot.twist, ctx.dt_s), wanted, ctx, self._regulating)
        self._follower.given(wanted, sent)
        return sent

    def _soft_landing(self, ctx: Context, linear_m_s: Array) -> Array:
        """Free motion (3,) that meets something: the first newton already slows it, above the touch it reverses."""
        into = float(linear_m_s @ ctx.z)
        if ctx.force_n <= _TOUCHING_N or into <= 0.0:
            return linear_m_s
        top = self._regulator.allowed_velocity_m_s(ctx.force_n, self._limits.touch_force_n)
        return linear_m_s + min(top - into, 0.0) * ctx.z

    def _bounded(self, twist: Array, wanted: Array, ctx: Context, contact: bool) -> Array:
        """Speed limits once more, after the follower's share; towards the skin it may not make an approach faster."""
        limits, z = self._limits, ctx.z
        normal = float(twist[:3] @ z)
        lateral = twist[:3] - normal * z
        if contact:
            lateral = shortened(lateral, limits.lateral_contact_m_s)
            normal = min(max(normal, -limits.normal_contact_m_s), limits.normal_contact_m_s)
        else:
            normal = min(normal, max(limits.approach_m_s, float(wanted[:3] @ z)))
        linear = shortened(lateral + normal * z, limits.free_m_s)
        return np.concatenate([linear, shortened(twist[3:], limits.angular_rad_s)])

    def _phase(self) -> ControlPhase:
        return self._mem.phase if self._mem is not None else ControlPhase.IDLE

    def _output(self, inputs: ControlInputs, twist: Array, motion: Motion, valid_ns: int) -> ControlOutput:
        self._sequence += 1
        robot, seen, mem = inputs.robot, inputs.seen, self._mem
        if not all_finite(twist):
            twist, valid_ns = np.zeros(6), 0
        setpoint_n = motion.setpoint_n if motion.setpoint_n is not None else 0.0
        frame_sequence = seen.sequence if seen is not None else -1
        outcome, detail = motion.outcome, motion.detail
        if mem is not None and mem.final is not None:
            outcome, detail = mem.final
        sweeping = inputs.goal.kind is GoalKind.SWEEP and mem is not None
        status = ControlStatus(
            stamp_ns=inputs.now_ns,
            tick=robot.tick,
            goal_id=inputs.goal.goal_id,
            kind=inputs.goal.kind,
            phase=motion.phase,
            outcome=outcome,
            detail=detail,
            progress=motion.progress,
            force_setpoint_n=setpoint_n,
            contact_force_n=robot.contact_force_n,
            station_m=mem.station_m if sweeping and mem is not None else float("nan"),
            view_score=mem.score if mem is not None else 0.0,
            frame_sequence=frame_sequence,
            frame_age_s=float("nan") if seen is None else (inputs.now_ns - seen.stamp_ns) * 1e-9,
        )
        command = ProbeCommand(inputs.now_ns, self._sequence, twist, setpoint_n, frame_sequence, valid_ns)
        return ControlOutput(command, status)
