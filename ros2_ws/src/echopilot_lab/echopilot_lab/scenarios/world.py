"""Makes the disturbances of a scenario happen, between the simulation and everything that is tested."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from echopilot_core import BodyLandmarks, BodySurface, ControlGoal, RobotState, SafeTwist, Seen
from echopilot_exam.states import OperatorRequest
from echopilot_lab.scenarios import disturbances as d
from echopilot_sim.simulation import Simulation

Array = NDArray[np.float64]

DT_S = 0.01
_REQUESTS = {"stop": OperatorRequest.STOP, "resume": OperatorRequest.RESUME, "skip": OperatorRequest.SKIP}


@dataclass(frozen=True)
class Due:
    """A result on its way."""

    seen: Seen
    due_ns: int


class World:
    """The disturbances over one run; chance comes from `seed` alone. Call `tick` first in every tick."""

    def __init__(self, simulation: Simulation, disturbances: Sequence[d.Disturbance], seed: int) -> None:
        self._simulation = simulation
        self._all = disturbances
        self._active: list[d.Disturbance] = []
        self._rng = np.random.default_rng([seed, 0x5CE])
        self._lagged = np.zeros(6)
        self._on_way: list[Due] = []

    def tick(self, since_start_s: float, since_contact_s: float) -> OperatorRequest:
        """Begin and end what is due (`since_contact_s` NaN before it); what the operator asks of the exam now."""
        request = OperatorRequest.NONE
        for disturbance in self._all:
            t = since_contact_s if disturbance.since == "contact" else since_start_s
            active = t >= disturbance.from_s and (disturbance.to_s is None or t < disturbance.to_s)
            was = disturbance in self._active
            if active and not was:
                self._active.append(disturbance)
                self._switch(disturbance, True)
                if isinstance(disturbance, d.Request):
                    request = _REQUESTS[disturbance.what]
            elif was and not active:
                self._active.remove(disturbance)
                self._switch(disturbance, False)
        return request

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

    @property
    def gain_db(self) -> float:
        """By how much the scanner's gain is off now."""
        return sum(x.db for x in self._active if isinstance(x, d.Gain))

    @property
    def stop_pressed(self) -> bool:
        """Whether the operator holds the stop of the safety process down."""
        return any(isinstance(x, d.StopButton) for x in self._active)

    def robot(self, robot: RobotState) -> RobotState:
        """The robot's state as controller and safety hear it."""
        sigma_n = sum(x.sigma_n**2 for x in self._active if isinstance(x, d.ForceNoise)) ** 0.5
        if not sigma_n:
            return robot
        noise = np.concatenate([sigma_n * self._rng.standard_normal(3), np.zeros(3)])
        return replace(robot, wrench=robot.wrench + noise)

    def command(self, command: SafeTwist | None) -> SafeTwist | None:
        """The command as it reaches the arm; None when it was lost."""
        lag_s = 1e-3 * sum(x.lag_ms for x in self._active if isinstance(x, d.SlowArm))
        asked = np.zeros(6) if command is None else command.twist
        self._lagged = self._lagged + DT_S / (lag_s + DT_S) * (asked - self._lagged)
        if command is None or self._lost(d.DropCommands):
            return None
        return command if not lag_s else replace(command, twist=self._lagged)

    def loses_result(self) -> bool:
        """Whether the result of the picture taken now never arrives."""
        return self._lost(d.DropFrames)

    def send(self, seen: Seen, latency_ns: int) -> None:
        """A result leaves for the controller."""
        more_ms = sum(x.up_to_ms for x in self._active if isinstance(x, d.DelayFrames)) * self._rng.random()
        due_ns = seen.stamp_ns + latency_ns + round(1e6 * more_ms)
        if self._on_way:
            due_ns = max(due_ns, self._on_way[-1].due_ns)
        self._on_way.append(Due(seen, due_ns))

    def arrived(self, now_ns: int) -> tuple[Seen, ...]:
        """Results that are due by now, oldest first."""
        count = sum(due.due_ns <= now_ns for due in self._on_way)
        arrived, self._on_way = self._on_way[:count], self._on_way[count:]
        if any(isinstance(x, d.Restamp) for x in self._active):
            return tuple(replace(due.seen, stamp_ns=now_ns) for due in arrived)
        return tuple(due.seen for due in arrived)

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

    def goal(self, goal: ControlGoal) -> ControlGoal:
        """The goal with the force that is asked for now."""
        forces = [x.n for x in self._active if isinstance(x, d.Setpoint)]
        return replace(goal, force_setpoint_n=forces[-1]) if forces else goal

    def _lost(self, kind: type[d.DropFrames] | type[d.DropCommands]) -> bool:
        return any(self._rng.random() < x.share for x in self._active if isinstance(x, kind))
