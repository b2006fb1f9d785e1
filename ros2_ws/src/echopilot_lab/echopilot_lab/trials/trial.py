"""One exam on one seeded virtual patient, without ROS, scored against truth afterwards."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from echopilot_control.controller import Controller
from echopilot_control.safety import Limits
from echopilot_exam.exam_run import ExamRun
from echopilot_exam.goal_source import ExamGoals
from echopilot_exam.protocol.protocol import Protocol, load_protocol
from echopilot_exam.protocol.step import StepKind
from echopilot_exam.record import read_exam
from echopilot_exam.suspicion.table import second_looks
from echopilot_lab.simulated_loop import RenderedResults, SimulatedTick, simulated_loop
from echopilot_lab.trials.scores import as_json
from echopilot_lab.trials.scoring import score
from echopilot_lab.trials.start_offset import USUAL, DisplacedPriors, Starts
from echopilot_lab.trials.sweep_scores import sweep_errors
from echopilot_lab.trials.truth import patient_truth, truth_samples
from echopilot_lab.util.source_hash import trial_code_sha256
from echopilot_perception.model import Manifest
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.frame_state import FrameState
from echopilot_sim.simulation import SimConfig, Simulation

FRAME_HZ = 30.0
MARGIN_S = 45.0  # per attempt, over the time that the controller has: approach of the exam, gate, recording, retreat


def run_trial(
    seed: int,
    protocol_name: str,
    record: Path,
    starts: Starts = USUAL,
    watch: Callable[[SimulatedTick], None] = lambda _: None,
    clips: bool = False,
) -> dict[str, Any]:
    """Run the exam of `seed`, write its record into the new folder `record`, return the scores as plain JSON.

    `watch` sees every tick; `clips` keeps every recorded frame as an image, tens of megabytes for an exam.
    """
    started, started_cpu = time.monotonic(), time.process_time()
    protocol = load_protocol(protocol_name)
    simulation = Simulation(sample_patient(seed), SimConfig(frame_hz=FRAME_HZ, quality="fast"))
    perception = Perception()
    exam = ExamRun(protocol_name, f"virtual-{seed}", record, clips=clips)
    loop = simulated_loop(
        simulation,
        RenderedResults(simulation, perception, on_frame=exam.add_frame),
        ExamGoals(exam),
        Controller(Limits(), DisplacedPriors(starts, seed)),
    )
    frame_states: list[FrameState] = []
    longest_ns = 1e9 * longest_exam_s(protocol)
    try:
        while not loop.done and simulation.now_ns <= longest_ns:
            tick = loop.step()
            exam.set_landmarks(tick.landmarks)
            frame_states.extend(tick.acquisitions)
            watch(tick)
    finally:
        exam.close()
        perception.close()
    written = read_exam(record)
    truth = truth_samples(simulation, frame_states, written)
    swept = [k for r in written.results if r.kind is StepKind.SWEEP for k in r.frame_sequences]
    scores = as_json(score(written, truth, patient_truth(simulation)))
    wall_s, cpu_s, simulated_s = time.monotonic() - started, time.process_time() - started_cpu, 1e-9 * simulation.now_ns
    return scores | {
        "sweep": asdict(sweep_errors(written, truth, swept)),
        "made_with": made_with(protocol, perception.manifest, starts),
        "simulated_s": simulated_s,
        "real_time_factor": simulated_s / wall_s,
        "real_time_factor_per_core": simulated_s / cpu_s,
        "wall_s": wall_s,
    }


def longest_exam_s(protocol: Protocol) -> float:
    """When a trial is broken off: every step and every second look that may be asked for has taken all its time."""
    steps_s = sum(step.attempts * (step.timeout_s + MARGIN_S) for step in protocol.steps)
    rows = second_looks().values() if protocol.second_looks else ()
    return steps_s + sum(row.budget_s + len(row.steps) * MARGIN_S for row in rows)


def made_with(protocol: Protocol, model: Manifest, starts: Starts = USUAL) -> dict[str, str | float]:
    """What a trial depends on beside its seed: a result that was made with anything else is not kept."""
    return {
        "protocol_sha256": protocol.sha256,
        "model_sha256": model.sha256,
        "code_sha256": trial_code_sha256(),
        "start_mm": starts.mm,
        "start_deg": starts.deg,
    }
