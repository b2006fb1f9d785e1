"""Measurements of one frame, each in the views that show it."""

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from echopilot_core import (
    Array,
    FindingKind,
    GateStatus,
    Measurement,
    MeasurementName,
    SegmentationClass,
    View,
)
from echopilot_perception.heads import HeadResults
from echopilot_perception.measure import aorta, atrium, regressed_sizes, ventricle
from echopilot_perception.measure.effusion import measure_effusion
from echopilot_perception.measure.inferior_vena_cava import measure_inferior_vena_cava
from echopilot_perception.measure.root import measure_root
from echopilot_perception.views_that_show import shows

MIN_VIEW = 0.5  # of what costs milliseconds
MIN_FLUID_SCORE = 0.5  # of a box: thin false fluid is not measured
NO_SCALE = "the scale of the image is not known"


def measure_frame(results: HeadResults, outside: NDArray[np.bool_], frame_sequence: int) -> tuple[Measurement, ...]:
    """Measurements of one frame; `outside` (128, 128) are the cells beyond the sector.

    Structures whose wall is not visible are left out, and what the frame's view does not show
    (`echopilot_perception.views_that_show`): a frame of no standard view has none.
    """
    view = View(int(np.argmax(results.view_probability)))
    if view is View.NONE:
        return ()
    rows = [
        *_aorta(results, view),
        *_left_heart(results, view),
        *_in_long_axis(results, outside),
        *_fluid(results, view),
        *regressed_sizes.measurements(results.sizes, results.view_probability),
    ]
    shown = [row for row in rows if math.isfinite(row.value) and shows(view, row.name)]
    measured = tuple(replace(row, frame_sequences=(frame_sequence,)) for row in shown)
    return regressed_sizes.fused(measured)


def without_scale(measurements: Iterable[Measurement]) -> tuple[Measurement, ...]:
    """Measurements of an image whose scale is not known: the ventricle alone, refused, because ratios of it hold."""
    return tuple(
        replace(m, gate=GateStatus.REFUSED, gate_reason=NO_SCALE)
        for m in measurements
        if m.name is MeasurementName.LV_VOLUME
    )


def _aorta(results: HeadResults, view: View) -> tuple[Measurement, ...]:
    if not shows(view, MeasurementName.AORTA_OUTER_AP):
        return ()
    lumen, wall = _soft(results, SegmentationClass.AO_LUMEN), _soft(results, SegmentationClass.AO_WALL)
    section = aorta.measure_section(lumen, wall, *_cells(results))
    return () if section is None else aorta.measurements(section)


def _left_heart(results: HeadResults, view: View) -> list[Measurement]:
    if not shows(view, MeasurementName.LV_VOLUME):
        return []
    lv, la = _soft(results, SegmentationClass.LV), _soft(results, SegmentationClass.LA)
    rows: list[Measurement] = []
    cavity = ventricle.measure_ventricle(lv, *_cells(results), la)
    if cavity is not None:
        rows.append(ventricle.measurement(cavity))
    filled = atrium.measure_atrium(la, lv, *_cells(results))
    if filled is not None:
        rows += atrium.measurements(filled)
    return rows


def _in_long_axis(results: HeadResults, outside: NDArray[np.bool_]) -> list[Measurement]:
    """Root and ascending aorta in PLAX, vena cava in the subcostal view."""
    unseen = outside | (results.labels == SegmentationClass.SHADOW)
    rows: list[Measurement] = []
    if float(results.view_probability[View.PLAX]) >= MIN_VIEW:
        root, lv = _soft(results, SegmentationClass.AO_ROOT), _soft(results, SegmentationClass.LV)
        rows += measure_root(root, lv, unseen, *_cells(results))
    if float(results.view_probability[View.SC_IVC]) >= MIN_VIEW:
        vein = _soft(results, SegmentationClass.IVC)
        found = measure_inferior_vena_cava(vein, unseen, *_cells(results))
        rows += [] if found is None else [found]
    return rows


def _fluid(results: HeadResults, view: View) -> list[Measurement]:
    if not shows(view, MeasurementName.EFFUSION_DEPTH):
        return []
    if not any(b.kind == FindingKind.EFFUSION.name and b.score >= MIN_FLUID_SCORE for b in results.boxes):
        return []
    fluid = _soft(results, SegmentationClass.EFFUSION)
    found = measure_effusion(fluid, *_cells(results), view)
    return [] if found is None else [found]


def _soft(results: HeadResults, tissue: SegmentationClass) -> Array:
    return np.asarray(results.probability[tissue], dtype=np.float64)


def _cells(results: HeadResults) -> tuple[Array, Array, float]:
    """Centers of columns and rows, and spacing of the cells [m]."""
    return results.grid.x_m, results.grid.y_m, results.grid.spacing_m
