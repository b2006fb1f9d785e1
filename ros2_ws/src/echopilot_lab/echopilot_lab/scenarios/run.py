"""One scenario from its file to its result: the judged run, and the runs beside it."""

import math
import time
from dataclasses import asdict
from typing import Any

from echopilot_control.safety import Limits
from echopilot_lab.scenarios.director import director_of
from echopilot_lab.scenarios.eyes import BlindEye, RenderedEye
from echopilot_lab.scenarios.figures import Figures, figures_of
from echopilot_lab.scenarios.interface import ControllerFactory
from echopilot_lab.scenarios.judge import judge, passed, score
from echopilot_lab.scenarios.live import live
from echopilot_lab.scenarios.model import Beside, Scenario
from echopilot_lab.scenarios.people import patient_of
from echopilot_lab.scenarios.trace import Trace
from echopilot_lab.scenarios.world import World
from echopilot_sim.simulation import SimConfig, Simulation

_JUDGED = Beside(name="")


def run_scenario(scenario: Scenario, factory: ControllerFactory) -> tuple[dict[str, Any], dict[str, Trace]]:
    """Result as plain JSON, and the traces by name ("" is the judged run)."""
    started = time.monotonic()
    runs = {beside.name: run_once(scenario, factory, beside) for beside in (_JUDGED, *scenario.beside)}
    figures = runs[""][0]
    verdicts = judge(figures, scenario.criteria)
    simulated_s = sum(t.time_s[-1] for _, t in runs.values())
    wall_s = time.monotonic() - started
    result = {
        "name": scenario.name,
        "passed": passed(verdicts),
        "score": round(score(verdicts), 1),
        "verdicts": [asdict(verdict) for verdict in verdicts],
        "figures": plain(figures),
        "beside": {name: plain(other) for name, (other, _) in runs.items() if name},
        "simulated_s": round(simulated_s, 2),
        "wall_s": round(wall_s, 1),
    }
    return result, {name: t for name, (_, t) in runs.items()}


def run_once(scenario: Scenario, factory: ControllerFactory, beside: Beside = _JUDGED) -> tuple[Figures, Trace]:
    """Live through a scenario once, with the differences of `beside`."""
    sim = scenario.sim
    simulation = Simulation(
        patient_of(scenario.patient),
        SimConfig(
            frame_hz=sim.frame_hz,
            image_latency_ns=round(1e6 * sim.image_latency_ms),
            command_latency_steps=sim.command_latency_ms,
            quality="fast",
            arm=sim.arm,
            gel_m=1e-3 * sim.gel_mm,
        ),
    )
    age_ms = beside.image_age_ms or scenario.image_age_ms
    limits = limits_of(age_ms)
    rendered = scenario.pictures == "rendered"
    eye = RenderedEye(simulation) if rendered else BlindEye()
    world = World(simulation, (*scenario.disturbances, *beside.disturbances), simulation.patient.seed)
    trace = Trace()
    try:
        for lived in live(scenario, simulation, eye, world, director_of(scenario), factory(limits), limits):
            trace.add(lived, simulation, rendered)
    finally:
        eye.close()
    crossings, most_n = simulation.limit_crossings, simulation.max_normal_force_n
    return figures_of(trace, most_n, crossings, scenario.settle_s), trace


def limits_of(image_age_ms: float | None) -> Limits:
    """The product's limits; a scenario may wait longer for images, which an operator cannot (docs/scenarios.md)."""
    limits = Limits()
    return limits if image_age_ms is None else limits.model_copy(update={"image_age_s": 1e-3 * image_age_ms})


def plain(figures: Figures) -> dict[str, Any]:
    """Figures as JSON, null for what is not known."""
    clean = {}
    for key, value in asdict(figures).items():
        known = not isinstance(value, float) or math.isfinite(value)
        clean[key] = (round(value, 4) if isinstance(value, float) else value) if known else None
    return clean
