"""One exam on one seeded virtual patient, without ROS, scored against truth afterwards."""

import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from echopilot_control.safety import Limits
from echopilot_exam.machine import ExamMachine
from echopilot_exam.protocol import Protocol, load_protocol
from echopilot_exam.record import RecordHeader, RecordWriter, read_exam
from echopilot_lab.loop import LoopTick, run_loop
from echopilot_lab.scores import PatientTruth, TruthSample, as_json
from echopilot_lab.scoring import score
from echopilot_perception.model import Manifest
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import draw_patient
from echopilot_sim.moment import Moment
from echopilot_sim.simulation import SimConfig, Simulation
from echopilot_sim.truth import truth_of
from echopilot_sim.truth_aorta import max_outer_diameter_m

LONGEST_EXAM_S = 600.0
TRIAL_FRAME_HZ = 15.0


def run_trial(
    seed: int,
    protocol_name: str,
    folder: Path,
    frame_hz: float = TRIAL_FRAME_HZ,
    watch: Callable[[LoopTick], None] = lambda _: None,
) -> dict[str, Any]:
    """Run the exam of `seed`, keep its record in `folder`, return the scores as plain JSON; `watch` sees every tick."""
    started = time.monotonic()
    protocol = load_protocol(protocol_name)
    simulation = Simulation(draw_patient(seed), SimConfig(frame_hz=frame_hz, quality="fast"))
    perception = Perception()
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    name = f"virtual-{seed}"
    header = RecordHeader(
        name, protocol.name, protocol.sha256, "", perception.manifest.model_id, perception.manifest.sha256
    )
    writer = RecordWriter(folder / "record", protocol, header)
    truth: list[TruthSample] = []
    try:
        for tick in run_loop(simulation, perception, ExamMachine(protocol, name), Limits()):
            truth.extend(truth_sample(simulation, moment) for moment in tick.moments)
            write_tick(writer, tick)
            watch(tick)
            if simulation.now_ns > LONGEST_EXAM_S * 1e9:
                break
    finally:
        writer.close()
        perception.close()
    wall_s = time.monotonic() - started
    scores = as_json(score(read_exam(folder / "record"), truth, patient_truth(simulation)))
    return scores | {
        "made_with": made_with(protocol, perception.manifest),
        "simulated_s": simulation.now_ns * 1e-9,
        "real_time_factor": simulation.now_ns * 1e-9 / wall_s,
        "wall_s": wall_s,
    }


def made_with(protocol: Protocol, model: Manifest) -> dict[str, str]:
    """Hashes of what a trial depends on beside its seed and the code."""
    return {"protocol_sha256": protocol.sha256, "model_sha256": model.sha256}


def write_tick(writer: RecordWriter, tick: LoopTick) -> None:
    """Offer the tick's frames, and on exam ticks write what the exam took and gave."""
    for frame in tick.frames:
        writer.frame(frame)
    if tick.exam is not None and tick.exam_inputs is not None:
        writer.tick(tick.exam_inputs, tick.exam)


def truth_sample(simulation: Simulation, moment: Moment) -> TruthSample:
    """Truth of one moment in the words of the scores."""
    truth = truth_of(simulation.anatomy, moment)
    return TruthSample(
        stamp_ns=truth.stamp_ns,
        sequence=truth.sequence,
        view_angle_rad={e.view: e.angle_rad for e in truth.errors},
        view_offset_m={e.view: e.offset_m for e in truth.errors},
        aorta_outer_ap_m=truth.aorta.outer_ap_m if truth.aorta else math.nan,
        station_m=truth.aorta.station_m if truth.aorta else math.nan,
    )


def patient_truth(simulation: Simulation) -> PatientTruth:
    """Truth of the patient as a whole and of the whole run."""
    heart = simulation.patient.heart
    return PatientTruth(
        seed=simulation.patient.seed,
        max_outer_diameter_m=max_outer_diameter_m(simulation.anatomy),
        ejection_fraction=math.nan if heart is None else heart.ejection_fraction,
        limit_crossings=simulation.limit_crossings,
        peak_normal_force_n=simulation.max_normal_force_n,
    )
