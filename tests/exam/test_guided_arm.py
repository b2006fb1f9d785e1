"""A guided step on the simulated arm: a scripted operator jogs the probe to a view; only the pictures are scripted."""

from dataclasses import replace
from math import degrees, radians
from pathlib import Path

import numpy as np
from exam_world import make_seen

from echopilot_control.controller import ControlInputs, Controller
from echopilot_control.hand import Jog
from echopilot_control.safety import Limits, SafetyInputs, SafetyMemory, check
from echopilot_core import ControlGoal, GoalKind, SafetyMode, View, se3
from echopilot_exam.machine import ExamInputs, ExamMachine, ExamPhase
from echopilot_exam.protocol import load_protocol
from echopilot_sim.anatomy import draw_patient
from echopilot_sim.simulation import SimConfig, Simulation

SEED = 500_001
OFF = se3.transform(se3.so3_exp(np.array([0.0, 0.0, radians(14.0)])), np.array([0.0, 0.018, 0.0]))


def test_operator_brings_the_probe_to_the_view_while_the_arm_keeps_the_force() -> None:
    simulation = Simulation(draw_patient(SEED), SimConfig(frame_hz=15.0, quality="fast"))
    protocol = load_protocol(str(Path(__file__).with_name("guided.yaml")))
    machine = ExamMachine(replace(protocol, steps=protocol.steps[:1]), "P-test")
    controller, memory, safety, status = Controller(Limits()), SafetyMemory(), None, None
    goal = next_goal = ControlGoal(0, GoalKind.IDLE)
    surface, landmarks = simulation.surface(), simulation.landmarks()
    latest, fresh, forces, at_record = None, [], [], []
    wanted, phase, output = None, ExamPhase.IDLE, None
    while output is None or not output.done:
        step = simulation.step(safety.twist if safety else None)
        robot = step.robot
        if robot.tick % 5 == 0:
            goal = next_goal
            state = safety.state if safety else None
            output = machine.step(ExamInputs(robot.stamp_ns, robot, status, state, tuple(fresh)))
            fresh, next_goal, phase = [], output.goal, output.state.phase
        if wanted is None and phase is ExamPhase.GUIDED:
            wanted = robot.T_base_probe @ OFF
        jog, away = None, np.full(6, 1.0)
        if wanted is not None:
            away = se3.log(se3.inverse(robot.T_base_probe) @ wanted)
            away[2] = 0.0  # the operator does not press
            jog = Jog(robot.stamp_ns, 1.5 * away) if phase is ExamPhase.GUIDED else None
        near = np.linalg.norm(away[:3]) < 0.008 and np.linalg.norm(away[3:]) < radians(8.0)
        for moment in step.moments:
            latest = make_seen(moment.sequence, moment.stamp_ns, View.PLAX, good=bool(near))
            fresh.append(latest)
        if phase is ExamPhase.GUIDED:
            forces.append(robot.contact_force_n)
        if phase is ExamPhase.RECORD:
            at_record.append(away)
        control = controller.step(ControlInputs(robot.stamp_ns, robot, latest, surface, landmarks, goal, jog))
        status = control.status
        preset = "" if goal.kind is GoalKind.IDLE else goal.preset
        inputs = SafetyInputs(robot.stamp_ns, robot, control.command, landmarks, preset)
        safety = check(memory, inputs, Limits())
        memory = safety.memory
        assert safety.state.mode in (SafetyMode.OK, SafetyMode.HOLD), safety.state.reasons
        assert robot.stamp_ns < 60e9, f"stuck in {phase}"
    result = output.state.results[0]
    assert phase is ExamPhase.DONE and result.accepted, result.detail
    settled = np.array(forces[50:])
    rmse_n = float(np.sqrt(np.mean((settled - 5.0) ** 2)))
    print(f"force while guided: {settled.mean():.2f} N, RMSE {rmse_n:.2f} N, {len(forces)} ticks")
    assert rmse_n < 0.5 and simulation.max_normal_force_n < 8.0
    assert max(degrees(np.linalg.norm(a[3:])) for a in at_record) < 8.0
    assert max(float(np.linalg.norm(a[:3])) for a in at_record) < 0.008
