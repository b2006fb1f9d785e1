"""Ejection fraction from the volumes of the left ventricle in a recorded apical view."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echopilot_core import (
    CardiacPhase,
    Finding,
    FindingKind,
    GateStatus,
    Measurement,
    MeasurementName,
    PerceptionResult,
    View,
)
from echopilot_exam.machine.states import KeyFrame, Series
from echopilot_exam.measure.biplane import ApicalPlane, apical_plane
from echopilot_exam.measure.frame_measurements import lv_volume
from echopilot_perception.anomaly import measured_finding
from echopilot_perception.measure.ejection import ejection_fraction, rate_refusal

MIN_FRAMES = 30


@dataclass(frozen=True)
class PlaneNames:
    """Names of the measurements of one apical view."""

    curve: MeasurementName
    fraction: MeasurementName
    end_diastolic: MeasurementName
    end_systolic: MeasurementName


NAMES = {
    View.A4C: PlaneNames(
        MeasurementName.LV_VOLUME,
        MeasurementName.EF_SINGLE_PLANE_A4C,
        MeasurementName.LV_EDV_A4C,
        MeasurementName.LV_ESV_A4C,
    ),
    View.A2C: PlaneNames(
        MeasurementName.LV_VOLUME_A2C,
        MeasurementName.EF_SINGLE_PLANE_A2C,
        MeasurementName.LV_EDV_A2C,
        MeasurementName.LV_ESV_A2C,
    ),
}
APICAL = tuple(NAMES)


@dataclass(frozen=True)
class HeartEvaluation:
    """Measurements of the left ventricle, or only a reason for their absence."""

    detail: str
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()
    series: tuple[Series, ...] = ()
    keep: tuple[KeyFrame, ...] = ()
    plane: ApicalPlane | None = None


def evaluate_heart(frames: Sequence[PerceptionResult], view: View = View.A4C) -> HeartEvaluation:
    """Single-plane EF with end-diastolic and end-systolic volumes, from frames of an apical view that passed."""
    kept = [(s, m) for s in frames if (m := lv_volume(s)) is not None]
    measured, volumes = [s for s, _ in kept], [m for _, m in kept]
    stamps = [s.stamp_ns for s in measured]
    names = NAMES[view]
    if len(volumes) < MIN_FRAMES:
        return HeartEvaluation(f"no EF: left ventricle measured in {len(volumes)} frames, {MIN_FRAMES} needed")
    times_s = np.array([(stamp - stamps[0]) * 1e-9 for stamp in stamps])
    values_m3 = np.array([m.value for m in volumes])
    sequences = tuple(m.frame_sequences[0] for m in volumes)
    curve = Series(
        names.curve,
        names.curve.unit,
        tuple(times_s.tolist()),
        tuple(values_m3.tolist()),
        sequences,
    )
    unscaled = next((m.gate_reason for m in volumes if m.gate is GateStatus.REFUSED), "")
    series = () if unscaled else (curve,)
    result = ejection_fraction(values_m3, times_s, np.array([m.sigma for m in volumes]))
    if result is None:
        return HeartEvaluation("no EF: no complete beat in the volume curve", series=series)
    diastole = tuple(sequences[i] for i in result.diastolic_frames)
    systole = tuple(sequences[i] for i in result.systolic_frames)
    volume_sigma_m3 = float(np.median([m.sigma for m in volumes]))

    too_slow = rate_refusal(times_s, result.beat_hz)

    def number(name: MeasurementName, value: float, sigma: float, phase: CardiacPhase, at: int) -> Measurement:
        why = too_slow or (unscaled if name.unit != "1" else "")
        return Measurement(
            name=name,
            value=float("nan") if why else value,
            unit=name.unit,
            sigma=float("nan") if why else sigma,
            view=view,
            phase=phase,
            gate=GateStatus.REFUSED if why else GateStatus.PASSED,
            gate_reason=why,
            end_points=volumes[at].end_points,
            frame_sequences={CardiacPhase.END_DIASTOLE: diastole, CardiacPhase.END_SYSTOLE: systole}.get(
                phase, diastole + systole
            ),
        )

    top, bottom = result.diastolic_frames[0], result.systolic_frames[0]
    fraction = number(names.fraction, result.fraction, result.sigma, CardiacPhase.CYCLE, top)
    finding = measured_finding(FindingKind.REDUCED_EF, fraction) if not too_slow else None
    return HeartEvaluation(
        detail=f"no EF: {too_slow}" if too_slow else f"EF from {result.beats} beats",
        measurements=(
            fraction,
            number(names.end_diastolic, result.end_diastolic_m3, volume_sigma_m3, CardiacPhase.END_DIASTOLE, top),
            number(names.end_systolic, result.end_systolic_m3, volume_sigma_m3, CardiacPhase.END_SYSTOLE, bottom),
        ),
        findings=(finding,) if finding else (),
        series=series,
        keep=(
            KeyFrame(diastole[0], view, "end-diastole"),
            KeyFrame(systole[0], view, "end-systole"),
        ),
        plane=None if too_slow or unscaled else apical_plane(view, measured, result),
    )
