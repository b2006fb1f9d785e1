"""The closed loop around the simulated arm and patient: rendered images read by the shipped perception."""

from collections.abc import Callable

from echopilot_control.controller import Controller
from echopilot_control.loop import ClosedLoop, Disturbances, GoalSource, LoopTick, ProbeController, ResultSource
from echopilot_control.safety import Limits, SafetyMonitor
from echopilot_core import ControlGoal, Frame, PerceptionResult
from echopilot_core.paths import share_file
from echopilot_perception.pipeline import Perception
from echopilot_sim.arm.arm_models import arm_model
from echopilot_sim.frame_state import FrameState
from echopilot_sim.simulation import Simulation

SimulatedTick = LoopTick[FrameState]
SimulatedLoop = ClosedLoop[FrameState]


class RenderedResults:
    """The renderer and the shipped perception; `on_frame` is given every frame before it is read."""

    def __init__(
        self, simulation: Simulation, perception: Perception, on_frame: Callable[[Frame], None] = lambda _: None
    ) -> None:
        self._simulation, self._perception, self._on_frame = simulation, perception, on_frame

    def observe(self, frame_state: FrameState, goal: ControlGoal) -> tuple[Frame, PerceptionResult]:
        """Render and read one frame."""
        frame = self._simulation.render(frame_state)
        self._on_frame(frame)
        return frame, self._perception.see(frame)


def simulated_loop(
    simulation: Simulation,
    results: ResultSource[FrameState] | None,
    goals: GoalSource,
    controller: ProbeController | None = None,
    disturbances: Disturbances | None = None,
    limits: Limits | None = None,
    safety: Callable[..., SafetyMonitor] = SafetyMonitor,
) -> SimulatedLoop:
    """The closed loop on a simulation, with the product's controller unless another is given; no frame is read without
    `results`.
    """
    limits = limits or Limits()
    return ClosedLoop(
        plant=simulation,
        results=results,
        goals=goals,
        controller=controller or Controller(limits),
        safety=safety_monitor(simulation, limits, safety),
        image_latency_ns=simulation.config.image_latency_ns,
        disturbances=disturbances,
    )


def safety_monitor(
    simulation: Simulation, limits: Limits, make: Callable[..., SafetyMonitor] = SafetyMonitor
) -> SafetyMonitor:
    """Safety that knows the simulated arm by its URDF, as the safety node does."""
    urdf = share_file("echopilot_description", arm_model(simulation.config.arm).urdf).read_text()
    return make(limits, robot_description=urdf)
