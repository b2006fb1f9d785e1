"""Injection of a scenario's disturbances between the simulation and the system under test."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from echopilot_control.loop import Disturbances
from echopilot_control.safety import SafetyInputs
from echopilot_core import (
    BodyLandmarks,
    BodySurface,
    Box,
    CaliperPoint,
    ControlGoal,
    Measurement,
    MeasurementName,
    PerceptionResult,
    RobotState,
    SafeTwist,
)
from echopilot_core.robot import CONTACT_N
from echopilot_core.timing import TICK_S
from echopilot_exam.machine.states import OperatorRequest
from echopilot_lab.scenarios import disturbances as d
from echopilot_sim.simulation import Simulation

_TOUCH_TICKS = 10
_AROUND_AORTA_M = (-0.01, 0.06, 0.01, 0.08)  # left, top, right, bottom of a box that no truth stands for

_REQUESTS = {"stop": OperatorRequest.STOP, "resume": OperatorRequest.RESUME, "skip": OperatorRequest.SKIP}


class DisturbanceInjector(Disturbances):
    """The disturbances over one run; chance comes from `seed` alone."""

    def __init__(self, simulation: Simulation, disturbances: Sequence[d.Disturbance], seed: int) -> None:
        self._simulation = simulation
        self._all = disturbances
        self._active: list[d.Disturbance] = []
        self._rng = np.random.default_rng([seed, 0x5CE])
        self._lagged = np.zeros(6)
        self._request = OperatorRequest.NONE
        self._touching = 0  # ticks in a row
        self._contact_ns: int | None = None

    @property
    def touched(self) -> bool:
        """Whether the probe has been in contact for a tenth of a second."""
        return self._contact_ns is not None

    @property
    def since_contact_s(self) -> float:
        """Time since the first contact [s], NaN before it."""
        return math.nan if self._contact_ns is None else (self._simulation.now_ns - self._contact_ns) * 1e-9

    def note_contact(self) -> None:
        """Look whether there is contact at the end of a tick."""
        touching = self._simulation.true_normal_force_n > CONTACT_N
        self._touching = self._touching + 1 if touching else 0
        if self._contact_ns is None and self._touching >= _TOUCH_TICKS:
            self._contact_ns = self._simulation.now_ns

    def take_request(self) -> OperatorRequest:
        """What the operator asks of the exam since it was asked last."""
        request, self._request = self._request, OperatorRequest.NONE
        return request

    def begin(self, tick: int, now_ns: int) -> None:
        """Begin and end what is due."""
        since_start_s, since_contact_s = now_ns * 1e-9, self.since_contact_s
        for disturbance in self._all:
            t = since_contact_s if disturbance.since == "contact" else since_start_s
            active = t >= disturbance.from_s and (disturbance.to_s is None or t < disturbance.to_s)
            was = disturbance in self._active
            if active and not was:
                self._active.append(disturbance)
                self._switch(disturbance, True)
                if isinstance(disturbance, d.Request):
                    self._request = _REQUESTS[disturbance.what]
            elif was and not active:
                self._active.remove(disturbance)
                self._switch(disturbance, False)

    def _switch(self, disturbance: d.Disturbance, on: bool) -> None:
        simulation = self._simulation
        R_base_patient = simulation.patient.T_base_patient[:3, :3]
        match disturbance:
            case d.Shift() if on:
                simulation.shift_patient(1e-3 * np.array(disturbance.mm))
            case d.Sway():
                swing = 1e-3 * R_base_patient @ np.array(disturbance.mm)
                simulation.sway_patient(swing if on else np.zeros(3), disturbance.hz)
            case d.ForceBias():
                bias = np.array([0.0, 0.0, -disturbance.n, 0.0, 0.0, 0.0])  # pressing reads negative
                simulation.bias_force(bias if on else -bias)
            case d.Gel() if on:
                simulation.apply_gel(1e-3 * disturbance.mm)
            case _:
                pass

    def gain_db(self) -> float:
        """By how much the scanner's gain is off now."""
        return sum(x.db for x in self._active if isinstance(x, d.Gain))

    def safety_inputs(self, tick: int, inputs: SafetyInputs) -> SafetyInputs:
        """With the stop of the safety process held down, while the operator does so."""
        pressed = any(isinstance(x, d.StopButton) for x in self._active)
        return replace(inputs, operator_stop=True) if pressed else inputs

    def robot(self, robot: RobotState) -> RobotState:
        """The robot's state as controller and safety hear it."""
        sigma_n = sum(x.sigma_n**2 for x in self._active if isinstance(x, d.ForceNoise)) ** 0.5
        if not sigma_n:
            return robot
        noise = np.concatenate([sigma_n * self._rng.standard_normal(3), np.zeros(3)])
        return replace(robot, wrench=robot.wrench + noise)

    def twist(self, tick: int, twist: SafeTwist | None) -> SafeTwist | None:
        """The twist as it reaches the arm; None when it was lost."""
        lag_s = 1e-3 * sum(x.lag_ms for x in self._active if isinstance(x, d.SlowArm))
        commanded = np.zeros(6) if twist is None else twist.twist
        self._lagged = self._lagged + TICK_S / (lag_s + TICK_S) * (commanded - self._lagged)
        if twist is None or self._lost(d.DropCommands):
            return None
        return twist if not lag_s else replace(twist, twist=self._lagged)

    def loses_frame(self, frame_state: Any) -> bool:
        """Whether the result of the image taken now never arrives; nobody need look at it then."""
        return self._lost(d.DropFrames)

    def extra_delay_ns(self, result: PerceptionResult) -> int:
        """How much later than the image latency a result arrives [ns]."""
        more_ms = sum(x.up_to_ms for x in self._active if isinstance(x, d.DelayFrames)) * self._rng.random()
        return round(1e6 * more_ms)

    def result(self, result: PerceptionResult, now_ns: int) -> PerceptionResult:
        """A result as it arrives: stamped anew by a scanner without acquisition stamps, with errors of the network."""
        for x in self._active:
            if isinstance(x, d.Restamp):
                result = replace(result, stamp_ns=now_ns)
            elif isinstance(x, d.FalseFinding):
                result = replace(result, boxes=(*result.boxes, Box(x.finding, x.score, *_AROUND_AORTA_M)))
            elif isinstance(x, d.WrongCaliper):
                result = replace(result, measurements=tuple(stretched(m, x.factor) for m in result.measurements))
        return result

    def surface(self, surface: BodySurface) -> BodySurface:
        """What the depth camera tells."""
        points = surface.points_m
        for x in self._active:
            if isinstance(x, d.SurfaceError):
                noise = x.sigma_mm * self._rng.standard_normal(points.shape) + np.array([0.0, 0.0, x.lift_mm])
                points = points + 1e-3 * noise
        return surface if points is surface.points_m else replace(surface, points_m=points)

    def landmarks(self, landmarks: BodyLandmarks) -> BodyLandmarks:
        """Where the operator points."""
        off = [np.array(x.mm) for x in self._active if isinstance(x, d.LandmarkError)]
        if not off:
            return landmarks
        move = 1e-3 * self._simulation.patient.T_base_patient[:3, :3] @ np.sum(off, axis=0)
        return replace(
            landmarks,
            notch_m=landmarks.notch_m + move,
            xiphoid_m=landmarks.xiphoid_m + move,
            navel_m=landmarks.navel_m + move,
        )

    def goal(self, tick: int, goal: ControlGoal) -> ControlGoal:
        """The goal with the force that is asked for now."""
        forces = [x.n for x in self._active if isinstance(x, d.Setpoint)]
        return replace(goal, force_setpoint_n=forces[-1]) if forces else goal

    def _lost(self, kind: type[d.DropFrames] | type[d.DropCommands]) -> bool:
        return any(self._rng.random() < x.share for x in self._active if isinstance(x, kind))


def stretched(m: Measurement, factor: float) -> Measurement:
    """The outer AP diameter of the aorta with its calipers moved apart about their middle; others as they are."""
    if m.name is not MeasurementName.AORTA_OUTER_AP or len(m.end_points) != 2:
        return m
    near, far = m.end_points
    x_m, y_m = 0.5 * (near.x_m + far.x_m), 0.5 * (near.y_m + far.y_m)
    ends = tuple(CaliperPoint(x_m + factor * (p.x_m - x_m), y_m + factor * (p.y_m - y_m)) for p in m.end_points)
    return replace(m, value=factor * m.value, end_points=ends)
