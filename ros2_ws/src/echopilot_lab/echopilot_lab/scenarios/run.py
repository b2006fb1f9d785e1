"""One scenario from its file to its result: the scored run, and the runs beside it."""

import contextlib
import math
import time
from dataclasses import asdict, fields, is_dataclass, replace
from typing import Any

from echopilot_control.loop import ResultSource
from echopilot_control.safety import Limits
from echopilot_core import EchoPilotError
from echopilot_lab.scenarios.acceptance import evaluate_criteria, passed, score
from echopilot_lab.scenarios.blind_results import BlindResults
from echopilot_lab.scenarios.disturbance_injector import DisturbanceInjector
from echopilot_lab.scenarios.figures import Figures, figures_of
from echopilot_lab.scenarios.goal_source import goals_of
from echopilot_lab.scenarios.interface import ControllerFactory
from echopilot_lab.scenarios.model import Beside, PatientSpec, Scenario
from echopilot_lab.scenarios.scenario_loop import scenario_ticks
from echopilot_lab.scenarios.trace import Trace
from echopilot_lab.simulated_loop import RenderedResults
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import Patient, named_patient, sample_patient, validate
from echopilot_sim.frame_state import FrameState
from echopilot_sim.simulation import SimConfig, Simulation


def patient_of(spec: PatientSpec) -> Patient:
    """The seeded or named patient with its changes; raises EchoPilotError for an unknown field or absurd number."""
    patient = named_patient(spec.name) if spec.seed is None else sample_patient(spec.seed)
    for path, value in spec.changes.items():
        patient = _changed(patient, path.split("."), value, path)
    validate(patient)
    return patient


def _changed(part: Any, path: list[str], value: float, whole: str) -> Any:
    names = [field.name for field in fields(part)] if is_dataclass(part) else []
    if path[0] not in names:
        raise EchoPilotError(f"patient has no '{whole}'; at '{path[0]}' choose one of {', '.join(names) or 'nothing'}")
    inner = getattr(part, path[0])
    if len(path) > 1:
        return replace(part, **{path[0]: _changed(inner, path[1:], value, whole)})
    if not isinstance(inner, int | float):
        raise EchoPilotError(f"'{whole}' of the patient is not a number")
    return replace(part, **{path[0]: type(inner)(value)})


_JUDGED = Beside(name="")


def run_scenario(scenario: Scenario, factory: ControllerFactory) -> tuple[dict[str, Any], dict[str, Trace]]:
    """Result as plain JSON, and the traces by name ("" is the judged run)."""
    started = time.monotonic()
    runs = {beside.name: run_once(scenario, factory, beside) for beside in (_JUDGED, *scenario.beside)}
    figures = runs[""][0]
    verdicts = evaluate_criteria(figures, scenario.criteria)
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
    injector = DisturbanceInjector(simulation, (*scenario.disturbances, *beside.disturbances), simulation.patient.seed)
    goals = goals_of(scenario, injector.take_request)
    trace = Trace()
    with contextlib.ExitStack() as stack:
        results: ResultSource[FrameState] = BlindResults()
        if rendered:
            perception = Perception()
            stack.callback(perception.close)
            results = RenderedResults(simulation, perception)
        for scenario_tick in scenario_ticks(scenario, simulation, results, injector, goals, factory(limits), limits):
            trace.add(scenario_tick, simulation, rendered)
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
