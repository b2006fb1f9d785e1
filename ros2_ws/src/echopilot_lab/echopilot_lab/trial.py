"""One exam on one seeded virtual patient, without ROS, scored against truth afterwards."""

import shutil
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timezone
from functools import cache, partial
from pathlib import Path
from typing import Any

from echopilot_control.safety import Limits
from echopilot_exam.calibration import SIMULATED, check_calibrations
from echopilot_exam.machine import ExamMachine
from echopilot_exam.protocol import Protocol, StepKind, load_protocol
from echopilot_exam.record import RecordHeader, RecordWriter, exam_config, read_exam
from echopilot_exam.states import TERMINAL, ExamPhase
from echopilot_lab.loop import LoopTick, run_loop
from echopilot_lab.scores import as_json
from echopilot_lab.scoring import score
from echopilot_lab.source_hash import trial_code_sha256
from echopilot_lab.start_offset import USUAL, Starts
from echopilot_lab.sweep_scores import sweep_errors
from echopilot_lab.trial_truth import patient_truth, truth_samples
from echopilot_perception.model import Manifest
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import draw_patient
from echopilot_sim.moment import Moment
from echopilot_sim.simulation import SimConfig, Simulation

FRAME_HZ = 30.0
WHOLE_RATE = frozenset({ExamPhase.HOLD, ExamPhase.RECORD})
STOPPED = frozenset({ExamPhase.SAFETY_STOPPED, ExamPhase.OPERATOR_STOPPED})
IN_THE_AIR = {ExamPhase.IDLE, ExamPhase.APPROACH, ExamPhase.RETREAT, ExamPhase.VIEW_NOT_FOUND} | TERMINAL | STOPPED
MARGIN_S = 45.0  # per attempt, over the time that the controller has: approach of the exam, gate, recording, retreat


def run_trial(
    seed: int,
    protocol_name: str,
    folder: Path,
    starts: Starts = USUAL,
    watch: Callable[[LoopTick], None] = lambda _: None,
    clips: bool = False,
) -> dict[str, Any]:
    """Run the exam of `seed`, keep its record in `folder`, return the scores as plain JSON; `watch` sees every tick.

    `clips` keeps every recorded frame as a picture, tens of megabytes for an exam.
    """
    started, started_cpu = time.monotonic(), time.process_time()
    protocol = load_protocol(protocol_name)
    simulation = Simulation(draw_patient(seed), SimConfig(frame_hz=FRAME_HZ, quality="fast"))
    perception = Perception()
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    name = f"virtual-{seed}"
    calibrated = check_calibrations(SIMULATED, datetime.now(timezone.utc))
    header = RecordHeader(
        name,
        protocol.name,
        protocol.sha256,
        model_id=perception.manifest.model_id,
        model_sha256=perception.manifest.sha256,
        probe_calibration=calibrated.probe,
        time_calibration=calibrated.time,
    )
    writer = RecordWriter(folder / "record", protocol, header, exam_config(protocol_name, Limits()), clips)
    moments: list[Moment] = []
    offset = cache(partial(starts.of, seed))
    longest_ns = 1e9 * longest_exam_s(protocol)
    try:
        machine = ExamMachine(protocol, name)
        for tick in run_loop(simulation, perception, machine, Limits(), start_offset=offset, every=every):
            moments.extend(tick.moments)
            write_tick(writer, tick)
            watch(tick)
            if simulation.now_ns > longest_ns:
                break
    finally:
        writer.close()
        perception.close()
    record = read_exam(folder / "record")
    truth = truth_samples(simulation, moments, record)
    swept = [k for r in record.results if r.kind is StepKind.SWEEP for k in r.frame_sequences]
    scores = as_json(score(record, truth, patient_truth(simulation)))
    wall_s, cpu_s, simulated_s = time.monotonic() - started, time.process_time() - started_cpu, 1e-9 * simulation.now_ns
    return scores | {
        "sweep": asdict(sweep_errors(record, truth, swept)),
        "made_with": made_with(protocol, perception.manifest, starts),
        "simulated_s": simulated_s,
        "real_time_factor": simulated_s / wall_s,
        "real_time_factor_per_core": simulated_s / cpu_s,
        "wall_s": wall_s,
    }


def every(phase: ExamPhase) -> int:
    """Which frames there are: 30 per second while a view is held or recorded, 15 else in contact, 5 in the air.

    Ten would let pictures grow older, with their latency, than the 150 ms after which the controller freezes.
    """
    return 1 if phase in WHOLE_RATE else 6 if phase in IN_THE_AIR else 2


def longest_exam_s(protocol: Protocol) -> float:
    """When a trial is broken off: every step has taken all its time."""
    return sum(step.attempts * (step.timeout_s + MARGIN_S) for step in protocol.steps)


def made_with(protocol: Protocol, model: Manifest, starts: Starts = USUAL) -> dict[str, str | float]:
    """What a trial depends on beside its seed: a result that was made with anything else is not kept."""
    return {
        "protocol_sha256": protocol.sha256,
        "model_sha256": model.sha256,
        "code_sha256": trial_code_sha256(),
        "start_mm": starts.mm,
        "start_deg": starts.deg,
    }


def write_tick(writer: RecordWriter, tick: LoopTick) -> None:
    """Offer the tick's frames, and on exam ticks write what the exam took and gave."""
    writer.landmarks(tick.landmarks)
    for frame in tick.frames:
        writer.frame(frame)
    if tick.exam is not None and tick.exam_inputs is not None:
        writer.tick(tick.exam_inputs, tick.exam)
