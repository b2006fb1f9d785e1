"""The pictures that show a whole patient: every standard view that there is, and the aorta from top to bottom."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import View
from echopilot_lab.probing import moment_at
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.anatomy.rhythm import heart_phase
from echopilot_sim.moment import ImagingSettings, Moment, Phases
from echopilot_sim.truth_aorta import aorta_truth

Array = NDArray[np.float64]

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
BEHIND_AORTA_M = 0.045  # of body below its centre that a picture should show
INDENTATION_M = 0.005
REST = Phases(heart=0.0, breathing=0.5)
FRAME_HZ = 30.0
BEATS, MAX_BEATS_S = 3, 4.0
SWEEP_M_S, SWEEP_FROM_M, SWEEP_TO_M = 0.030, 0.010, 0.140


@dataclass(frozen=True)
class Shot:
    """One picture to take: what it is called, the view that it shows, and its moment."""

    name: str
    view: View
    moment: Moment


def standard_shots(anatomy: Anatomy) -> list[Shot]:
    """Every cardiac view of the patient at end-diastole, the aorta at stations downwards, then along it."""
    shots = []
    for view, depth_m in CARDIAC_DEPTHS_M.items():
        target = anatomy.view_target(view, REST)
        if target is not None:
            moment = pressed_moment(anatomy, target, REST, ImagingSettings("cardiac", depth_m))
            shots.append(Shot(view.name, view, moment))
    length_m = float(anatomy.vessels.abdominal_arc_m[-1])
    for station_m in (s for s in AORTA_STATIONS_M if s <= length_m):
        across = aorta_moment(anatomy, View.AORTA_TRANS, station_m)
        if across is not None:
            shots.append(Shot(f"AORTA_TRANS at {1e3 * station_m:.0f} mm", View.AORTA_TRANS, across))
    along = aorta_moment(anatomy, View.AORTA_LONG, math.nan)
    return shots if along is None else [*shots, Shot("AORTA_LONG", View.AORTA_LONG, along)]


def aorta_moment(
    anatomy: Anatomy,
    view: View,
    station_m: float,
    phases: Phases = REST,
    depth_m: float | None = None,
    sequence: int = 0,
) -> Moment | None:
    """Moment of an aortic view, None without an abdominal aorta; without `depth_m` the vessel sets the depth."""
    target = anatomy.view_target(view, phases, station_m)
    if target is None:
        return None
    if depth_m is None:
        across = anatomy.view_target(View.AORTA_TRANS, phases, station_m)
        assert across is not None
        depth_m = aorta_depth_m(anatomy, across, phases)
    return pressed_moment(anatomy, target, phases, ImagingSettings("abdomen", depth_m), sequence)


def aorta_depth_m(anatomy: Anatomy, T_patient_across: Array, phases: Phases) -> float:
    """The smallest usual imaging depth [m] that shows the aorta and the spine behind it."""
    truth = aorta_truth(anatomy, pressed_moment(anatomy, T_patient_across, phases, ImagingSettings("abdomen")))
    wanted_m = 0.16 if truth is None else float(truth.centre_m[1]) + BEHIND_AORTA_M
    return next((d for d in AORTA_DEPTHS_M if d >= wanted_m), AORTA_DEPTHS_M[-1])


def pressed_moment(
    anatomy: Anatomy, T_patient_view: Array, phases: Phases, imaging: ImagingSettings, sequence: int = 0
) -> Moment:
    """A moment with the probe pressed in by 5 mm along its beam."""
    T = T_patient_view.copy()
    T[:3, 3] += INDENTATION_M * T[:3, 2]
    return moment_at(anatomy, T, phases, imaging, sequence, sequence)


def cine_moments(anatomy: Anatomy) -> tuple[str, list[Moment]]:
    """Name and moments at 30 Hz of the patient's clip.

    Three beats in the apical four-chamber view with held breath; without a heart a sweep down the aorta at 30 mm/s;
    without either nothing.
    """
    apical = anatomy.view_target(View.A4C, REST)
    if apical is not None:
        return View.A4C.name, _beats(anatomy, apical)
    return "AORTA_TRANS sweep", _sweep(anatomy)


def _beats(anatomy: Anatomy, apical: Array) -> list[Moment]:
    imaging = ImagingSettings("cardiac", CARDIAC_DEPTHS_M[View.A4C])
    seconds = min(BEATS / anatomy.patient.heart_rate_hz, MAX_BEATS_S)
    moments = []
    for k in range(math.ceil(seconds * FRAME_HZ)):
        phases = Phases(heart_phase(anatomy.patient, k / FRAME_HZ), REST.breathing)
        moments.append(pressed_moment(anatomy, apical, phases, imaging, k))
    return moments


def _sweep(anatomy: Anatomy) -> list[Moment]:
    deepest = [m.imaging.depth_m for s in AORTA_STATIONS_M if (m := aorta_moment(anatomy, View.AORTA_TRANS, s))]
    moments = []
    for k in range(round((SWEEP_TO_M - SWEEP_FROM_M) / SWEEP_M_S * FRAME_HZ)):
        phases = Phases(heart_phase(anatomy.patient, k / FRAME_HZ), REST.breathing)
        station_m = SWEEP_FROM_M + k / FRAME_HZ * SWEEP_M_S
        moment = aorta_moment(anatomy, View.AORTA_TRANS, station_m, phases, max(deepest, default=None), k)
        if moment is not None:
            moments.append(moment)
    return moments
