"""SimTruth in both directions; only the simulator and the scorer import this module."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from echopilot_core import View
from echopilot_lab.trials.scores import PatientTruth, TruthSample
from echopilot_wire import Message, empty_label_map, stamp_of, to_header, to_label_map
from echopilot_wire.basic import to_doubles, to_small
from echopilot_wire.store import echopilot_msgs

if TYPE_CHECKING:  # the scorer hears truth and needs no simulator for it
    from echopilot_sim.frame_state import FrameState
    from echopilot_sim.truth.frame_truth import Truth


def to_truth(truth: Truth, frame_state: FrameState, seed: int, peak_force_n: float, limit_crossings: int) -> Message:
    """Truth of a frame to its message; NaN where the plane does not cut the aorta."""
    nan = math.nan
    a = truth.aorta
    return echopilot_msgs.SimTruth(
        header=to_header(truth.stamp_ns, "us_image"),
        frame_sequence=truth.sequence,
        patient_seed=seed,
        heart_phase=float(frame_state.phases.heart),
        breath_phase=float(frame_state.phases.breathing),
        views=to_small([e.view for e in truth.errors]),
        angle_errors=to_doubles([e.angle_rad for e in truth.errors]),
        offset_errors=to_doubles([e.offset_m for e in truth.errors]),
        motions=to_doubles([e.motion for e in truth.errors]),
        inner_ap=a.inner_ap_m if a else nan,
        inner_transverse=a.inner_transverse_m if a else nan,
        outer_ap=a.outer_ap_m if a else nan,
        outer_transverse=a.outer_transverse_m if a else nan,
        unloaded_inner_ap=a.inner_unloaded_m if a else nan,
        unloaded_inner_transverse=a.inner_unloaded_m if a else nan,
        unloaded_outer_ap=a.outer_unloaded_m if a else nan,
        unloaded_outer_transverse=a.outer_unloaded_m if a else nan,
        aorta_station=a.station_m if a else nan,
        centerline_error=abs(float(a.centre_m[0])) if a else nan,
        orientation_error=a.obliquity_rad if a else nan,
        max_diameter=float(truth.max_aorta_outer_m),
        aneurysm=bool(truth.aneurysm),
        lv_volume=float(truth.lv_volume_m3),
        ejection_fraction=float(truth.ejection_fraction),
        quality=float(truth.quality),
        coupling=to_doubles(truth.coupling),
        label_map=to_label_map(truth.exact) if truth.exact is not None else empty_label_map(),
        normal_force=float(frame_state.contact_force_n),
        peak_normal_force=float(peak_force_n),
        limit_crossings=int(limit_crossings),
    )


def from_truth(m: Message) -> tuple[TruthSample, PatientTruth]:
    """A SimTruth in the words of the scores: of its frame, and of the patient as of then."""
    views = [View(v) for v in m.views]
    sample = TruthSample(
        stamp_ns=stamp_of(m),
        sequence=m.frame_sequence,
        view_angle_rad=dict(zip(views, m.angle_errors.tolist(), strict=True)),
        view_offset_m=dict(zip(views, m.offset_errors.tolist(), strict=True)),
        aorta_outer_ap_m=m.outer_ap,
        station_m=m.aorta_station,
    )
    patient = PatientTruth(m.patient_seed, m.max_diameter, m.ejection_fraction, m.limit_crossings, m.peak_normal_force)
    return sample, patient
