"""Ejection fraction from the volumes of the left ventricle in a recorded apical view."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echopilot_core import Finding, FindingKind, GateStatus, Measurement, Phase, Seen, View
from echopilot_exam.biplane import ApicalPlane, apical_plane
from echopilot_exam.readings import lv_volume
from echopilot_exam.states import KeyFrame, Series
from echopilot_perception.anomaly import measured_finding
from echopilot_perception.measure.ejection import ejection_fraction

MIN_FRAMES = 30

APICAL = (View.A4C, View.A2C)


@dataclass(frozen=True)
class HeartEvaluation:
    """Numbers of the heart, or only a reason."""

    detail: str
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()
    series: tuple[Series, ...] = ()
    keep: tuple[KeyFrame, ...] = ()
    plane: ApicalPlane | None = None


def evaluate_heart(frames: Sequence[Seen], view: View = View.A4C) -> HeartEvaluation:
    """Single-plane EF with end-diastolic and end-systolic volumes, from frames of an apical view that passed."""
    kept = [(s, m) for s in frames if (m := lv_volume(s)) is not None]
    seens, volumes = [s for s, _ in kept], [m for _, m in kept]
    stamps = [s.stamp_ns for s in seens]
    plane_name = view.name.lower()
    if len(volumes) < MIN_FRAMES:
        return HeartEvaluation(f"no EF: left ventricle measured in {len(volumes)} frames, {MIN_FRAMES} needed")
    times_s = np.array([(stamp - stamps[0]) * 1e-9 for stamp in stamps])
    values_m3 = np.array([m.value for m in volumes])
    sequences = tuple(m.frame_sequences[0] for m in volumes)
    curve = Series(
        "lv_volume" if view is View.A4C else f"lv_volume_{plane_name}",
        "m3",
        tuple(times_s.tolist()),
        tuple(values_m3.tolist()),
        sequences,
    )
    result = ejection_fraction(values_m3, times_s, np.array([m.sigma for m in volumes]))
    if result is None:
        return HeartEvaluation("no EF: no complete beat in the volume curve", series=(curve,))
    diastole = tuple(sequences[i] for i in result.diastolic_frames)
    systole = tuple(sequences[i] for i in result.systolic_frames)
    volume_sigma_m3 = float(np.median([m.sigma for m in volumes]))

    def number(name: str, value: float, unit: str, sigma: float, phase: Phase, at: int) -> Measurement:
        return Measurement(
            name=name,
            value=value,
            unit=unit,
            sigma=sigma,
            view=view,
            phase=phase,
            gate=GateStatus.PASSED,
            end_points=volumes[at].end_points,
            frame_sequences={Phase.END_DIASTOLE: diastole, Phase.END_SYSTOLE: systole}.get(phase, diastole + systole),
        )

    top, bottom = result.diastolic_frames[0], result.systolic_frames[0]
    fraction = number(f"ef_single_plane_{plane_name}", result.fraction, "1", result.sigma, Phase.CYCLE, top)
    finding = measured_finding(FindingKind.REDUCED_EF, fraction)
    return HeartEvaluation(
        detail=f"EF from {result.beats} beats",
        measurements=(
            fraction,
            number(f"lv_edv_{plane_name}", result.end_diastolic_m3, "m3", volume_sigma_m3, Phase.END_DIASTOLE, top),
            number(f"lv_esv_{plane_name}", result.end_systolic_m3, "m3", volume_sigma_m3, Phase.END_SYSTOLE, bottom),
        ),
        findings=(finding,) if finding else (),
        series=(curve,),
        keep=(
            KeyFrame(diastole[0], view, "end-diastole"),
            KeyFrame(systole[0], view, "end-systole"),
        ),
        plane=apical_plane(view, seens, result),
    )
