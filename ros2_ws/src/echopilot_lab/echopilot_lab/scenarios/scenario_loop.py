"""The closed loop of a scenario: its ticks and the conditions of its end."""

from collections.abc import Iterator
from dataclasses import dataclass

from echopilot_control.loop import ProbeController, ResultSource
from echopilot_control.safety import Limits
from echopilot_lab.scenarios.disturbance_injector import DisturbanceInjector
from echopilot_lab.scenarios.goal_source import ScenarioGoals
from echopilot_lab.scenarios.model import Scenario
from echopilot_lab.simulated_loop import SimulatedTick, simulated_loop
from echopilot_sim.frame_state import FrameState
from echopilot_sim.simulation import Simulation


@dataclass(frozen=True)
class ScenarioTick:
    """One tick of the loop; `since_contact_s` is NaN before the first contact, `true_force_n` the normal force."""

    tick: SimulatedTick
    since_contact_s: float
    true_force_n: float
    completed: bool
    suspicions: tuple[str, ...] = ()


def scenario_ticks(
    scenario: Scenario,
    simulation: Simulation,
    results: ResultSource[FrameState],
    injector: DisturbanceInjector,
    goals: ScenarioGoals,
    controller: ProbeController,
    limits: Limits,
) -> Iterator[ScenarioTick]:
    """Yield every tick until the scenario's time is over, its exam has ended, or the skin was never touched."""
    loop = simulated_loop(simulation, results, goals, controller, injector, limits)
    over = False
    while not (loop.done or over or (scenario.ends_when_done and goals.completed)):
        since_start_s, since_contact_s = simulation.now_ns * 1e-9, injector.since_contact_s
        tick = loop.step()
        injector.note_contact()
        yield ScenarioTick(tick, since_contact_s, simulation.true_normal_force_n, goals.completed, goals.suspicions)
        touched = injector.touched
        over = since_contact_s > scenario.duration_s if touched else since_start_s > scenario.contact_within_s
