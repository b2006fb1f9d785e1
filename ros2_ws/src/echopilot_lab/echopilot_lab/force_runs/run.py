"""The closed loop without images and perception: real simulation, controller and safety.

A force-only run lands on the body as an exam does, then holds: the goal HOLD needs no image.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from echopilot_control.controller import Controller
from echopilot_control.force.regulator import CROSSOVER_RAD_S
from echopilot_control.loop import Directive, Disturbances, Reports
from echopilot_control.observation import ControlInputs
from echopilot_control.safety import Limits, SafetyMonitor
from echopilot_core import ControlGoal, ControlPhase, GoalKind, Preset, View
from echopilot_core.robot import FREE_N
from echopilot_lab.simulated_loop import SimulatedTick, simulated_loop
from echopilot_sim.simulation import SimConfig, Simulation

NO_IMAGES = SimConfig(frame_hz=1.0)  # as few acquisitions, which nobody takes, as there can be
LANDED = (ControlPhase.COUPLE, ControlPhase.SEARCH, ControlPhase.REFINE, ControlPhase.HOLD)
SETPOINT_N = 5.0


@dataclass(frozen=True)
class ForceTick:
    """One control tick; `true_force_n` is the true normal force at its end."""

    tick: SimulatedTick
    true_force_n: float


class ForceDisturbances(Disturbances):
    """A constant set-point and gain; subclasses change them over time and disturb the rest."""

    controller: Controller | None = None  # of the run, whose gain is set

    def force_n(self, tick: int) -> float:
        """Set-point [N] at a tick."""
        return SETPOINT_N

    def crossover_rad_s(self, tick: int) -> float:
        """Crossover of the force loop [rad/s] at a tick."""
        return CROSSOVER_RAD_S

    def goal(self, tick: int, goal: ControlGoal) -> ControlGoal:
        """The goal in force with the set-point of this tick."""
        return replace(goal, force_setpoint_n=self.force_n(tick))

    def control_inputs(self, tick: int, inputs: ControlInputs) -> ControlInputs:
        """Sets the gain before the controller computes."""
        if self.controller is not None:
            self.controller.retune(self.crossover_rad_s(tick))
        return inputs


class Landings:
    """Land at the start of `view`, then hold; land again once a goal has ended off the skin."""

    def __init__(self, preset: str, view: View) -> None:
        self._landing = ControlGoal(1, GoalKind.ACQUIRE_VIEW, view, SETPOINT_N, preset)
        self._goal = self._landing

    def step(self, reports: Reports) -> Directive:
        """The goal from the next exam tick on."""
        goal, status = self._goal, reports.status
        if status is not None and status.goal_id == goal.goal_id:
            if goal.kind is GoalKind.ACQUIRE_VIEW and status.phase in LANDED:
                self._goal = replace(goal, goal_id=goal.goal_id + 1, kind=GoalKind.HOLD)
            elif status.phase is ControlPhase.IDLE and reports.robot.contact_force_n < FREE_N:
                self._goal = replace(self._landing, goal_id=goal.goal_id + 1)
        return Directive(self._goal, goal.preset, False)


def run_force(
    simulation: Simulation,
    disturbances: ForceDisturbances | None = None,
    preset: str = Preset.CARDIAC,
    view: View = View.AORTA_TRANS,
    safety: Callable[..., SafetyMonitor] = SafetyMonitor,
) -> Iterator[ForceTick]:
    """Yield every control tick for ever: land at the start of `view`, then hold; land again when a goal ended.

    `safety` makes the monitor.
    """
    limits = Limits()
    controller, disturbances = Controller(limits), disturbances or ForceDisturbances()
    disturbances.controller = controller
    loop = simulated_loop(simulation, None, Landings(preset, view), controller, disturbances, limits, safety)
    while True:
        tick = loop.step()
        yield ForceTick(tick, simulation.true_normal_force_n)
