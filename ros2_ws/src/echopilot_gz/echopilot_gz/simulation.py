"""The graph's simulation with Gazebo under it: arm and contact there, images, skin and landmarks here."""

from echopilot_core import Array, EchoPilotError, RobotInputs
from echopilot_core.timing import TICK_NS
from echopilot_gz.engine import Engine
from echopilot_gz.robot import EngineRobot
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.arm.arm_models import arm_model
from echopilot_sim.frame_schedule import FrameSchedule
from echopilot_sim.simulation import START_POSE, STEP_NS, STEPS_PER_TICK, SimConfig, Simulation, Tick


class GazeboSimulation(Simulation):
    """A control tick is ten physics steps of Gazebo, whose time it keeps.

    The patient is here a second time, for images, skin and landmarks: the same seed at the same time breathes alike.
    Frames are acquired at control ticks.
    """

    def __init__(self, anatomy: Anatomy, config: SimConfig, engine: Engine) -> None:
        """A patient over an engine at rest, whose time goes on: the first tick begins at the next 10 ms of it."""
        super().__init__(anatomy, config)
        self._engine = engine
        state = engine.state()
        while past_ns := state.now_ns % TICK_NS:
            state = engine.advance(0.0 * state.velocity_rad_s, (TICK_NS - past_ns) // STEP_NS)
        self._state = state
        self._clock.advance_to(state.now_ns)
        self.robot = self._arm = EngineRobot(START_POSE, arm_model(config.arm), state)
        self._frames = FrameSchedule(config.frame_hz, config.image_latency_ns, TICK_NS)
        while self._frames.stamp_ns(self._sequence) < state.now_ns:
            self._sequence += 1
        self._first = self._sequence

    def advance(self, inputs: RobotInputs) -> Tick:
        """Advance one control tick (10 ms); `inputs` answer the last tick's state and reach the arm at once.

        Raises EchoPilotError when Gazebo took more steps than were asked for.
        """
        clock, robot, world = self._clock, self._arm, self.world
        now_ns = clock.now_ns()
        frame_states = []
        if now_ns == self._frames.stamp_ns(self._sequence):  # at the start of all
            frame_states.append(self._frame_state())
        robot.receive(inputs, now_ns)
        self._state = self._engine.advance(robot.velocities(now_ns, 1e-9 * TICK_NS), STEPS_PER_TICK)
        robot.take(self._state)
        if self._state.now_ns != now_ns + TICK_NS:
            raise EchoPilotError(
                f"Gazebo went {(self._state.now_ns - now_ns) * 1e-6:g} ms where 10 were asked for: who else steps it?"
            )
        now_ns = self._state.now_ns
        clock.advance_to(now_ns)
        world.wrench[:] = robot.sensor.measured
        world.wear_gel(robot.rotation, robot.twist)
        if now_ns == self._frames.stamp_ns(self._sequence):
            frame_states.append(self._frame_state())
        due = self._frames.due_sequence(now_ns)
        state = robot.state(now_ns, now_ns // TICK_NS, due if due >= self._first else -1)
        return Tick(state, tuple(frame_states))

    @property
    def max_normal_force_n(self) -> float:
        """Largest true pressing force [N] of any physics step, as Gazebo's side tells it."""
        return self._state.max_normal_force_n

    @property
    def limit_crossings(self) -> int:
        """Physics steps with a true pressing force above 20 N, as Gazebo's side tells it."""
        return self._state.limit_crossings

    def restarted(self) -> Simulation:
        """Refused: time is Gazebo's."""
        raise EchoPilotError("the simulation in Gazebo starts again with Gazebo")

    def shift_patient(self, translation_m: Array, yaw_rad: float = 0.0) -> None:
        """Refused: the patient lies in Gazebo's process."""
        raise EchoPilotError("in Gazebo the patient cannot be shifted")
