"""Truth of the scored frames of a trial, computed from stored frame states after the exam."""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from echopilot_core import se3
from echopilot_exam.protocol.step import StepKind
from echopilot_exam.record import ExamRecord
from echopilot_lab.trials.scores import PatientTruth, TruthSample
from echopilot_lab.trials.step_times import step_times
from echopilot_sim.anatomy.parameters import Aorta
from echopilot_sim.frame_state import FrameState
from echopilot_sim.simulation import Simulation
from echopilot_sim.truth.aorta import AortaTruth, aorta_truth, max_outer_diameter_m
from echopilot_sim.truth.landmarks import root_diameter_m
from echopilot_sim.truth.poses import view_errors

ON_ONE_SIDE = 1.8  # of a thrombus whose lumen is shifted by 0.8 of its mean thickness (anatomy/vessels/aorta.py)
FRAMES_PER_VIEW = 40  # of a recorded view, evenly spaced: truth of a frame costs as much as its image


def truth_samples(simulation: Simulation, frame_states: Sequence[FrameState], record: ExamRecord) -> list[TruthSample]:
    """Truth of kept frames, of the first contact and of the last look of every view, and of swept frames; in order."""
    by_sequence = {m.sequence: m for m in frame_states}
    stamps = np.array([m.stamp_ns for m in frame_states])
    still: set[int] = set()
    swept: set[int] = set()
    for index, result in enumerate(record.results):
        if result.kind is StepKind.SWEEP:
            swept |= set(result.frame_sequences)
            continue
        still |= set(_thinned(result.frame_sequences))
        times = step_times(record, index)
        for stamp_ns in (times.contact_ns, times.looked_ns):
            if stamp_ns is not None and frame_states:
                still.add(frame_states[int(np.argmin(np.abs(stamps - stamp_ns)))].sequence)
    return [
        truth_sample(simulation, by_sequence[sequence], sequence in still)
        for sequence in sorted((still | swept) & set(by_sequence))
    ]


def truth_sample(simulation: Simulation, frame_state: FrameState, views: bool = True) -> TruthSample:
    """Truth of one frame state in the words of the scores; without `views` only that of the aorta."""
    errors = view_errors(simulation.anatomy, frame_state) if views else ()
    aorta = aorta_truth(simulation.anatomy, frame_state)
    centre_m, along = (None, None) if aorta is None else _center_line(simulation, frame_state, aorta)
    return TruthSample(
        stamp_ns=frame_state.stamp_ns,
        sequence=frame_state.sequence,
        view_angle_rad={e.view: e.angle_rad for e in errors},
        view_offset_m={e.view: e.offset_m for e in errors},
        aorta_outer_ap_m=aorta.outer_ap_m if aorta else math.nan,
        station_m=aorta.station_m if aorta else math.nan,
        view_turn_rad={e.view: e.motion[3:] for e in errors},
        obliquity_rad=aorta.obliquity_rad if aorta else math.nan,
        aorta_centre_m=centre_m,
        aorta_along=along,
    )


def _center_line(
    simulation: Simulation, frame_state: FrameState, aorta: AortaTruth
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Where the center line of the pressed vessel crosses the image plane (3,) [m], and its course there, in base."""
    T_base_patient = frame_state.T_base_probe @ se3.inverse(frame_state.T_patient_probe)
    crossing = np.append(aorta.centre_m, 0.0)
    along = T_base_patient[:3, :3] @ simulation.anatomy.vessels.section(aorta.station_m).tangent
    return se3.apply(frame_state.T_base_probe @ se3.T_PROBE_US_IMAGE, crossing[None])[0], along


def patient_truth(simulation: Simulation) -> PatientTruth:
    """Truth of the patient as a whole and of the whole run."""
    patient = simulation.patient
    return PatientTruth(
        seed=patient.seed,
        max_outer_diameter_m=max_outer_diameter_m(simulation.anatomy),
        ejection_fraction=math.nan if patient.heart is None else patient.heart.ejection_fraction,
        limit_crossings=simulation.limit_crossings,
        peak_normal_force_n=simulation.max_normal_force_n,
        bmi_kg_m2=patient.weight_kg / patient.height_m**2,
        lung_overlap_m=patient.torso.lung_overlap_m,
        root_m=math.nan if patient.heart is None else root_diameter_m(patient.heart),
        effusion_m=math.nan if patient.heart is None else patient.heart.effusion_m,
        thrombus_m=_thrombus_m(patient.aorta),
        dissection=None if patient.aorta is None else patient.aorta.dissection is not None,
    )


def _thrombus_m(aorta: Aorta | None) -> float:
    """Thickness [m] of the thrombus on the wall that it lies on, at the widest place of an aneurysm; 0 without."""
    if aorta is None:
        return math.nan
    bulge = aorta.aneurysm
    if bulge is None:
        return 0.0
    return ON_ONE_SIDE * bulge.thrombus_fraction * max(bulge.radius_m - aorta.radius_bottom_m, 0.0)


def _thinned(sequences: Sequence[int]) -> Iterable[int]:
    step = max(1, math.ceil(len(sequences) / FRAMES_PER_VIEW))
    return sequences[::step]
