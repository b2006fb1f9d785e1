"""A guided step on the simulated arm: a scripted operator jogs the probe to a view; only the images are scripted."""

from dataclasses import replace
from math import degrees, radians
from pathlib import Path

import numpy as np
from exam_world import make_seen
from numpy.typing import NDArray

from echopilot_control.hand_guiding import Jog
from echopilot_control.loop import Directive, Disturbances, Reports
from echopilot_control.observation import ControlInputs
from echopilot_core import ControlGoal, PerceptionResult, SafetyMode, View, se3
from echopilot_exam.machine.machine import ExamInputs, ExamMachine, ExamPhase
from echopilot_exam.machine.states import StepResult
from echopilot_exam.protocol.protocol import load_protocol
from echopilot_lab.simulated_loop import simulated_loop
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.frame_state import FrameState
from echopilot_sim.simulation import SimConfig, Simulation

SEED = 500_001
OFF = se3.transform(se3.so3_exp(np.array([0.0, 0.0, radians(14.0)])), np.array([0.0, 0.018, 0.0]))


class GuidedExam(Disturbances):
    """An exam of one guided step, its operator, and images that are good at the operator's target pose."""

    def __init__(self) -> None:
        protocol = load_protocol(str(Path(__file__).with_name("guided.yaml")))
        self._machine = ExamMachine(replace(protocol, steps=protocol.steps[:1]), "P-test")
        self._wanted: NDArray[np.float64] | None = None
        self.phase = ExamPhase.IDLE
        self.results: tuple[StepResult, ...] = ()

    def step(self, reports: Reports) -> Directive:
        r = reports
        output = self._machine.step(ExamInputs(r.now_ns, r.robot, r.status, r.safety, r.results))
        self.phase, self.results = output.state.phase, output.state.results
        if self._wanted is None and self.phase is ExamPhase.GUIDED:
            self._wanted = r.robot.T_base_probe @ OFF
        return Directive(output.goal, output.imaging, output.done)

    def away(self, T_base_probe: NDArray[np.float64]) -> NDArray[np.float64]:
        """Motion (6,) in probe to where the operator wants the probe; the operator does not press."""
        if self._wanted is None:
            return np.full(6, 1.0)
        away = se3.log(se3.inverse(T_base_probe) @ self._wanted)
        away[2] = 0.0
        return away

    def observe(self, frame_state: FrameState, goal: ControlGoal) -> tuple[None, PerceptionResult]:
        away = self.away(frame_state.T_base_probe)
        near = np.linalg.norm(away[:3]) < 0.008 and np.linalg.norm(away[3:]) < radians(8.0)
        return None, make_seen(frame_state.sequence, frame_state.stamp_ns, View.PLAX, good=bool(near))

    def control_inputs(self, tick: int, inputs: ControlInputs) -> ControlInputs:
        if self.phase is not ExamPhase.GUIDED:
            return inputs
        return replace(inputs, jog=Jog(inputs.now_ns, 1.5 * self.away(inputs.robot.T_base_probe)))


def test_operator_brings_the_probe_to_the_view_while_the_arm_keeps_the_force() -> None:
    simulation = Simulation(sample_patient(SEED), SimConfig(frame_hz=15.0, quality="fast"))
    exam = GuidedExam()
    loop = simulated_loop(simulation, exam, exam, disturbances=exam)
    forces, at_record = [], []
    while not loop.done:
        tick = loop.step()
        if exam.phase is ExamPhase.GUIDED:
            forces.append(tick.robot.contact_force_n)
        if exam.phase is ExamPhase.RECORD:
            at_record.append(exam.away(tick.robot.T_base_probe))
        assert tick.safety.mode in (SafetyMode.OK, SafetyMode.HOLD), tick.safety.state.reasons
        assert tick.robot.stamp_ns < 60e9, f"stuck in {exam.phase}"
    assert exam.phase is ExamPhase.DONE and exam.results[0].accepted, exam.results[0].detail
    settled = np.array(forces[50:])
    rmse_n = float(np.sqrt(np.mean((settled - 5.0) ** 2)))
    print(f"force while guided: {settled.mean():.2f} N, RMSE {rmse_n:.2f} N, {len(forces)} ticks")
    assert rmse_n < 0.5 and simulation.max_normal_force_n < 8.0
    assert max(degrees(np.linalg.norm(a[3:])) for a in at_record) < 8.0
    assert max(float(np.linalg.norm(a[:3])) for a in at_record) < 0.008
