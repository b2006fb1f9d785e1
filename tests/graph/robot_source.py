"""The simulated arm as robot source and commander in the test's own process, with its stream under control."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from echopilot_msgs.msg import ProbeCommand as ProbeCommandMsg
from echopilot_msgs.msg import SafetyState as SafetyStateMsg
from echopilot_msgs.srv import ResetSafety
from geometry_msgs.msg import TwistStamped

from echopilot_core import ProbeCommand, RobotState, SafeTwist
from echopilot_core.robot import SafetyMode, SafetyState
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.inlet import Inlet
from echopilot_nodes.graph.outlet import Outlet
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.arm.arm_models import arm_model
from echopilot_sim.simulation import SimConfig, Simulation
from echopilot_sim_nodes.simulator_topics import SimulatorTopics
from echopilot_wire import from_safe_twist, from_safety_state, to_command

SPEED_M_S = 0.005
SWING_TICKS = 50
ANSWER_S = 20.0
TICKS_OF_A_SECOND, RESETS = 100, 3


class RobotSource:
    """Publishes the state of a simulated arm in free air tick by tick, commands it to and fro, and waits for safety.

    `distort` changes what a tick says.
    """

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.simulation = Simulation(sample_patient(600_000), SimConfig(breathing=False))
        self.topics = SimulatorTopics(graph.node, arm_model("fr3_like"))
        self.commands = Outlet(graph.node, ProbeCommandMsg, topics.CONTROL_COMMAND, to_command, qos.COMMAND)
        self.twists: list[SafeTwist] = []
        self.states: list[SafetyState] = []
        self.sequence = 0
        self.distort: Callable[[RobotState], RobotState] = lambda robot: robot
        Inlet(graph.node, TwistStamped, topics.ROBOT_SERVO_CV, from_safe_twist, qos.STATE_RECORDED, self.twists.append)
        Inlet(
            graph.node, SafetyStateMsg, topics.SAFETY_STATE, from_safety_state, qos.STATE_RECORDED, self.states.append
        )
        self.robot = self.step()

    def step(self) -> RobotState:
        """One tick of the arm, under the newest twist of it."""
        now_ns = self.simulation.now_ns
        twist = self.twists[-1] if self.twists and self.twists[-1].stamp_ns == now_ns else None
        return replace(self.simulation.step(twist).robot, due_frame_sequence=-1)

    def connect(self) -> None:
        """Wait until safety answers."""
        self.topics.body(self.simulation)
        self.topics.surface(self.simulation)

        def asks() -> bool:
            self.say(self.robot)
            return self.is_answered(self.robot)

        self.graph.wait(asks, 60.0, "safety's first answer")

    def connect_again(self) -> None:
        """After safety or the stream began anew: repeat a tick until it is answered, as a source in lockstep does."""
        heard = -1
        while heard != len(self.states):  # what the one before said
            heard = len(self.states)
            self.graph.executor.spin_once(timeout_sec=0.3)
        self.states.clear()
        self.robot = self.step()
        self.connect()

    def settle(self, ticks: int) -> None:
        """So many ticks, whether or not safety answers each: it may refuse a stream that fell."""
        heard = len(self.states)
        for _ in range(ticks):
            self.robot = self.distort(self.step())
            self.say(self.robot)
            for _ in range(4):
                self.graph.executor.spin_once(timeout_sec=0.005)
        self.graph.wait(lambda: len(self.states) > heard, ANSWER_S, "a word of safety")

    def say(self, robot: RobotState) -> None:
        """Publish a state, and a command that answers it."""
        self.topics.tick(self.simulation, robot)
        self.command(robot)

    def command(self, robot: RobotState) -> None:
        """A command of 5 mm/s to and fro for a tick."""
        self.sequence += 1
        twist = np.zeros(6)
        twist[0] = SPEED_M_S if robot.tick // SWING_TICKS % 2 else -SPEED_M_S
        self.commands.send(
            ProbeCommand(robot.stamp_ns, self.sequence, twist, 0.0, frame_sequence=-1, valid_for_ns=50_000_000)
        )

    def is_answered(self, robot: RobotState) -> bool:
        return any(state.stamp_ns == robot.stamp_ns for state in self.states[-40:])

    def run(self, ticks: int) -> None:
        """So many ticks, each answered by safety."""
        for _ in range(ticks):
            self.robot = robot = self.distort(self.step())
            self.say(robot)
            self.graph.wait(lambda robot=robot: self.is_answered(robot), ANSWER_S, f"an answer to tick {robot.tick}")

    def begin_again(self) -> None:
        """The arm anew, at tick 1."""
        self.simulation = self.simulation.restarted()

    def until_mode(self, modes: set[SafetyMode], ticks: int = 400) -> None:
        """Run until safety is in one of these modes."""
        for _ in range(ticks):
            if self.states and self.states[-1].mode in modes:
                return
            self.run(1)
        raise AssertionError(f"safety says {self.states[-1].mode.name} {self.states[-1].reasons}")

    def reset(self) -> None:
        """An operator resets safety, which then lets commands pass again.

        Ticks go on meanwhile: a robot that stands still for half a second of wall time is silent, and latched.
        """
        self.distort = lambda robot: robot
        client = self.graph.node.create_client(ResetSafety, topics.RESET_SAFETY)
        self.graph.wait(client.service_is_ready, ANSWER_S, "the reset")
        for _ in range(RESETS):
            self.run(TICKS_OF_A_SECOND)
            future = client.call_async(ResetSafety.Request(operator_name="test"))
            while not future.done():
                self.run(1)
            assert future.result().success
            self.run(TICKS_OF_A_SECOND)
            if self.states[-1].mode is SafetyMode.OK:
                break
        before = len(self.twists)
        self.run(10)
        assert len(self.twists) > before + 5, f"after a reset safety says {self.states[-1]}"
