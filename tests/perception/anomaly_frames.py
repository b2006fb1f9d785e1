"""Perceived frames for the tests of findings: good ones of any view, to be spoiled in one respect."""

from collections.abc import Sequence

import numpy as np

from echopilot_core import (
    Box,
    CaliperConvention,
    FindingKind,
    Guidance,
    LabelMap,
    Measurement,
    PerceptionResult,
    ProbeGeometry,
    ProbeKind,
    View,
)
from echopilot_core import (
    MeasurementName as Name,
)

FRAME_NS = 33_333_333
GEOMETRY = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.5, 0.02, 0.16, 0.0005, 0.0005, 160.0, 0.0, 2.5e6)
LABELS = LabelMap(np.zeros((4, 4), np.uint8), 0.0, 0.0, 0.04)


def result(
    i: int,
    view: View,
    measurements: tuple[Measurement, ...] = (),
    boxes: tuple[Box, ...] = (),
    coupling: float = 0.95,
    ood: float = 0.05,
    quality: float = 0.8,
    guidance: tuple[Guidance, ...] = (),
) -> PerceptionResult:
    """Frame i of a clip at 30 Hz."""
    probability = np.full(len(View), 0.01)
    probability[view] = 1.0 - 0.01 * (len(View) - 1)
    return PerceptionResult(
        stamp_ns=i * FRAME_NS,
        sequence=i,
        geometry=GEOMETRY,
        label_map=LABELS,
        extents=(),
        view_probability=probability,
        quality=quality,
        coupling=np.full(16, coupling),
        ood_score=ood,
        guidance=guidance,
        boxes=boxes,
        measurements=measurements,
    )


def diameter(value_m: float, sigma_m: float = 0.0006) -> Measurement:
    return Measurement(Name.AORTA_OUTER_AP, value_m, "m", sigma_m, View.AORTA_TRANS, CaliperConvention.OUTER_TO_OUTER)


def aorta(i: int, value_m: float, sigma_m: float = 0.0006) -> PerceptionResult:
    return result(i, View.AORTA_TRANS, (diameter(value_m, sigma_m),))


def aorta_clip(values_m: Sequence[float], sigma_m: float = 0.0006) -> list[PerceptionResult]:
    return [aorta(i, float(v), sigma_m) for i, v in enumerate(values_m)]


def box(kind: FindingKind, score: float) -> Box:
    return Box(kind.name, score, -0.01, 0.06, 0.01, 0.07)


def ventricle(i: int, fraction: float, volume_m3: float = 120e-6) -> PerceptionResult:
    """A beat of one second from end-diastole."""
    squeeze = 0.5 * (1.0 - np.cos(2.0 * np.pi * i * FRAME_NS * 1e-9))
    volume = volume_m3 * (1.0 - fraction * squeeze)
    return result(i, View.A4C, (Measurement(Name.LV_VOLUME, volume, "m3", 4e-6, View.A4C, frame_sequences=(i,)),))
