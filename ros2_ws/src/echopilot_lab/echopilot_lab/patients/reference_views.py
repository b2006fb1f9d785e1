"""Reference views of a patient: every standard view that there is, and the aorta from top to bottom."""

import math
from dataclasses import dataclass

from echopilot_core import Array, Preset, ScannerSettings, View
from echopilot_lab.datasets.probe_pose_sampling import frame_state_at
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.anatomy.heart.rhythm import heart_phase
from echopilot_sim.frame_state import FrameState, Phases
from echopilot_sim.truth.aorta import aorta_truth

CARDIAC_DEPTHS_M = {
    View.PLAX: 0.15,
    View.PSAX_AV: 0.14,
    View.PSAX_MV: 0.14,
    View.PSAX_PM: 0.14,
    View.A4C: 0.16,
    View.A5C: 0.16,
    View.A2C: 0.16,
    View.A3C: 0.16,
    View.SC4C: 0.18,
    View.SC_IVC: 0.16,
}
AORTA_STATIONS_M = (0.015, 0.045, 0.075, 0.105, 0.135)
AORTA_DEPTHS_M = (0.10, 0.12, 0.14, 0.16, 0.18, 0.20)
BEHIND_AORTA_M = 0.045  # of body below its center that an image should show
INDENTATION_M = 0.005
REST = Phases(heart=0.0, breathing=0.5)
CINE_VIEWS = (*CARDIAC_DEPTHS_M, View.AORTA_TRANS)
"""Views that a clip of a patient can show; AORTA_TRANS is a sweep."""
FRAME_HZ = 30.0
BEATS, MAX_BEATS_S = 3, 4.0
SWEEP_M_S, SWEEP_FROM_M, SWEEP_TO_M = 0.030, 0.010, 0.140


@dataclass(frozen=True)
class ReferenceView:
    """One image to take: what it is called, the view that it shows, and its frame state."""

    name: str
    view: View
    frame_state: FrameState


def standard_reference_views(anatomy: Anatomy) -> list[ReferenceView]:
    """Every cardiac view of the patient at end-diastole, the aorta at stations downwards, then along it."""
    references = []
    for view, depth_m in CARDIAC_DEPTHS_M.items():
        target = anatomy.view_target(view, REST)
        if target is not None:
            frame_state = pressed_frame_state(anatomy, target, REST, ScannerSettings(Preset.CARDIAC, depth_m))
            references.append(ReferenceView(view.name, view, frame_state))
    length_m = float(anatomy.vessels.abdominal_arc_m[-1])
    for station_m in (s for s in AORTA_STATIONS_M if s <= length_m):
        across = aorta_frame_state(anatomy, View.AORTA_TRANS, station_m)
        if across is not None:
            references.append(ReferenceView(f"AORTA_TRANS at {1e3 * station_m:.0f} mm", View.AORTA_TRANS, across))
    along = aorta_frame_state(anatomy, View.AORTA_LONG, math.nan)
    return references if along is None else [*references, ReferenceView("AORTA_LONG", View.AORTA_LONG, along)]


def aorta_frame_state(
    anatomy: Anatomy,
    view: View,
    station_m: float,
    phases: Phases = REST,
    depth_m: float | None = None,
    sequence: int = 0,
) -> FrameState | None:
    """Moment of an aortic view, None without an abdominal aorta; without `depth_m` the vessel sets the depth."""
    target = anatomy.view_target(view, phases, station_m)
    if target is None:
        return None
    if depth_m is None:
        across = anatomy.view_target(View.AORTA_TRANS, phases, station_m)
        assert across is not None
        depth_m = aorta_depth_m(anatomy, across, phases)
    return pressed_frame_state(anatomy, target, phases, ScannerSettings(Preset.ABDOMEN, depth_m), sequence)


def aorta_depth_m(anatomy: Anatomy, T_patient_across: Array, phases: Phases) -> float:
    """The smallest usual imaging depth [m] that shows the aorta and the spine behind it."""
    truth = aorta_truth(
        anatomy, pressed_frame_state(anatomy, T_patient_across, phases, ScannerSettings(Preset.ABDOMEN))
    )
    wanted_m = 0.16 if truth is None else float(truth.centre_m[1]) + BEHIND_AORTA_M
    return next((d for d in AORTA_DEPTHS_M if d >= wanted_m), AORTA_DEPTHS_M[-1])


def pressed_frame_state(
    anatomy: Anatomy, T_patient_view: Array, phases: Phases, imaging: ScannerSettings, sequence: int = 0
) -> FrameState:
    """A frame state with the probe pressed in by 5 mm along its beam."""
    T = T_patient_view.copy()
    T[:3, 3] += INDENTATION_M * T[:3, 2]
    return frame_state_at(anatomy, T, phases, imaging, sequence, sequence)


def cine_frame_states(anatomy: Anatomy, view: View = View.A4C) -> tuple[str, list[FrameState]]:
    """Name and frame states at 30 Hz of the patient's clip.

    Three beats in a view of the heart with held breath; for the transverse aorta, or without a heart, a sweep down the
    abdominal aorta at 30 mm/s; nothing where the patient has neither.
    """
    target = anatomy.view_target(view, REST) if view in CARDIAC_DEPTHS_M else None
    if target is not None:
        return view.name, _beats(anatomy, view, target)
    return "AORTA_TRANS sweep", _sweep(anatomy)


def _beats(anatomy: Anatomy, view: View, target: Array) -> list[FrameState]:
    imaging = ScannerSettings(Preset.CARDIAC, CARDIAC_DEPTHS_M[view])
    seconds = min(BEATS / anatomy.patient.heart_rate_hz, MAX_BEATS_S)
    frame_states = []
    for k in range(math.ceil(seconds * FRAME_HZ)):
        phases = Phases(heart_phase(anatomy.patient, k / FRAME_HZ), REST.breathing)
        frame_states.append(pressed_frame_state(anatomy, target, phases, imaging, k))
    return frame_states


def _sweep(anatomy: Anatomy) -> list[FrameState]:
    deepest = [m.imaging.depth_m for s in AORTA_STATIONS_M if (m := aorta_frame_state(anatomy, View.AORTA_TRANS, s))]
    frame_states = []
    for k in range(round((SWEEP_TO_M - SWEEP_FROM_M) / SWEEP_M_S * FRAME_HZ)):
        phases = Phases(heart_phase(anatomy.patient, k / FRAME_HZ), REST.breathing)
        station_m = SWEEP_FROM_M + k / FRAME_HZ * SWEEP_M_S
        frame_state = aorta_frame_state(anatomy, View.AORTA_TRANS, station_m, phases, max(deepest, default=None), k)
        if frame_state is not None:
            frame_states.append(frame_state)
    return frame_states
