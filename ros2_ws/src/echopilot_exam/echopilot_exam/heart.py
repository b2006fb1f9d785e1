"""Ejection fraction from the volumes of the left ventricle in a recorded apical four-chamber view."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echopilot_core import Finding, FindingKind, GateStatus, Measurement, Phase, Seen, View
from echopilot_exam.readings import lv_volume
from echopilot_exam.states import KeyFrame, Series
from echopilot_perception.anomaly import measured_finding
from echopilot_perception.measure.ejection import ejection_fraction

MIN_FRAMES = 30

EF_NAME, EDV_NAME, ESV_NAME = "ef_single_plane_a4c", "lv_edv_a4c", "lv_esv_a4c"


@dataclass(frozen=True)
class HeartEvaluation:
    """Numbers of the heart, or only a reason."""

    detail: str
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()
    series: tuple[Series, ...] = ()
    keep: tuple[KeyFrame, ...] = ()


def evaluate_heart(frames: Sequence[Seen]) -> HeartEvaluation:
    """Single-plane EF with end-diastolic and end-systolic volumes from frames that passed the gate."""
    volumes = [m for s in frames if (m := lv_volume(s)) is not None]
    stamps = [s.stamp_ns for s in frames if lv_volume(s) is not None]
    if len(volumes) < MIN_FRAMES:
        return HeartEvaluation(f"no EF: left ventricle measured in {len(volumes)} frames, {MIN_FRAMES} needed")
    times_s = np.array([(stamp - stamps[0]) * 1e-9 for stamp in stamps])
    values_m3 = np.array([m.value for m in volumes])
    sequences = tuple(m.frame_sequences[0] for m in volumes)
    curve = Series("lv_volume", "m3", tuple(times_s.tolist()), tuple(values_m3.tolist()), sequences)
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
            view=View.A4C,
            phase=phase,
            gate=GateStatus.PASSED,
            end_points=volumes[at].end_points,
            frame_sequences={Phase.END_DIASTOLE: diastole, Phase.END_SYSTOLE: systole}.get(phase, diastole + systole),
        )

    top, bottom = result.diastolic_frames[0], result.systolic_frames[0]
    fraction = number(EF_NAME, result.fraction, "1", result.sigma, Phase.CYCLE, top)
    finding = measured_finding(FindingKind.REDUCED_EF, fraction)
    return HeartEvaluation(
        detail=f"EF from {result.beats} beats",
        measurements=(
            fraction,
            number(EDV_NAME, result.end_diastolic_m3, "m3", volume_sigma_m3, Phase.END_DIASTOLE, top),
            number(ESV_NAME, result.end_systolic_m3, "m3", volume_sigma_m3, Phase.END_SYSTOLE, bottom),
        ),
        findings=(finding,) if finding else (),
        series=(curve,),
        keep=(
            KeyFrame(diastole[0], View.A4C, "end-diastole"),
            KeyFrame(systole[0], View.A4C, "end-systole"),
        ),
    )
