"""A controller of your own for the scenarios: it flies over the goal, goes down, and holds the force. Nothing more.

    echopilot scenario run quiet_breathing --controller examples.hold_force:HoldForce

It never looks at the images, so it passes scenarios of force alone and fails those that want a view or a sweep.
"""

import numpy as np

from echopilot_control.controller import ControlOutput
from echopilot_control.observation import ControlInputs
from echopilot_control.safety import Limits
from echopilot_core import ControlPhase, ControlStatus, GoalKind, Outcome, ProbeCommand
from echopilot_core.robot import CONTACT_N

GAIN_M_S_N = 0.002  # an admittance: half a newton too little moves 1 mm/s into the patient
ABOVE_M = 0.05
OFF_XIPHOID_M = np.array([0.0, -0.04, 0.0])  # towards the feet, on the upper abdomen


class HoldForce:
    """The factory is the class itself: a scenario calls it with the limits in force."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._sequence = 0
        self._touched = False

    def step(self, inputs: ControlInputs) -> ControlOutput:
        """One tick of 10 ms: a twist (6,) in base at the probe origin, and what is being done."""
        robot, goal = inputs.robot, inputs.goal
        force_n, z = robot.contact_force_n, robot.T_base_probe[:3, 2]
        self._touched = self._touched or force_n > CONTACT_N
        twist, phase, setpoint_n = np.zeros(6), ControlPhase.IDLE, 0.0
        if goal.kind is GoalKind.RETREAT:
            twist[:3], phase = -self._limits.retract_m_s * z, ControlPhase.RETREAT
        elif goal.kind is not GoalKind.IDLE and self._touched:
            phase, setpoint_n = ControlPhase.HOLD, goal.force_setpoint_n
            speed = GAIN_M_S_N * (setpoint_n - force_n)
            twist[:3] = np.clip(speed, -0.02, 0.02) * z
        elif goal.kind is not GoalKind.IDLE and inputs.landmarks is not None:
            phase = ControlPhase.APPROACH
            miss_m = inputs.landmarks.xiphoid_m + OFF_XIPHOID_M - robot.T_base_probe[:3, 3]
            beside_m = np.array([miss_m[0], miss_m[1], 0.0])
            down = np.linalg.norm(beside_m) < 0.005
            vertical = -self._limits.approach_m_s if down else 1.0 * (miss_m[2] + ABOVE_M)
            twist[:3] = np.clip(beside_m + [0.0, 0.0, vertical], -0.05, 0.05)
        self._sequence += 1
        frame = inputs.result.sequence if inputs.result else -1
        command = ProbeCommand(inputs.now_ns, self._sequence, twist, setpoint_n, frame, valid_for_ns=40_000_000)
        status = ControlStatus(
            stamp_ns=inputs.now_ns,
            tick=robot.tick,
            goal_id=goal.goal_id,
            kind=goal.kind,
            phase=phase,
            outcome=Outcome.SUCCEEDED if phase is ControlPhase.HOLD else Outcome.RUNNING,
            detail="",
            progress=float(self._touched),
            force_setpoint_n=setpoint_n,
            contact_force_n=force_n,
            station_m=float("nan"),
            view_score=0.0,
            frame_sequence=frame,
            frame_age_s=float("nan"),
        )
        return ControlOutput(command, status)
