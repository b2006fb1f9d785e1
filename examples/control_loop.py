"""Approach the skin of a virtual patient and press, closed loop without images: simulation, controller, safety."""

from echopilot_control import ControlInputs, Controller, Limits
from echopilot_control.safety import ONE_EACH
from echopilot_core import ControlGoal, GoalKind, View
from echopilot_lab.simulated_loop import safety_monitor
from echopilot_sim import Simulation, sample_patient

GOAL = ControlGoal(goal_id=1, kind=GoalKind.ACQUIRE_VIEW, view=View.AORTA_TRANS)

simulation, controller = Simulation(sample_patient(seed=1)), Controller(Limits())
safety = safety_monitor(simulation, Limits())  # knows the arm by its URDF
surface, landmarks = simulation.surface(), simulation.landmarks()
robot = simulation.step(None).robot
while robot.contact_force_n < 2.0:
    surface = simulation.surface() if robot.tick % 20 == 0 else surface  # the depth camera's 5 Hz
    inputs = ControlInputs(robot.stamp_ns, robot, None, surface, landmarks, GOAL)
    output = controller.step(inputs)
    taken = safety.inputs(
        robot.stamp_ns, robot, output.command, surface, landmarks, GOAL.preset, lost_nodes=(), publishers=ONE_EACH
    )  # one program: no process that could end, nobody else who publishes
    robot = simulation.step(safety.decide(taken).twist).robot
print(f"{1e-9 * robot.stamp_ns:.1f} s: {output.status.phase.name}, {robot.contact_force_n:.1f} N")
