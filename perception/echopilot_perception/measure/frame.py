"""Everything that is measured in one frame, each where the view shows it."""

import math

import numpy as np
from numpy.typing import NDArray

from echopilot_core import FindingKind, Measurement, Tissue, View
from echopilot_perception import grid
from echopilot_perception.heads import Reading
from echopilot_perception.measure import aorta, atrium, direct, ventricle
from echopilot_perception.measure.cava import measure_cava
from echopilot_perception.measure.effusion import measure_effusion
from echopilot_perception.measure.root import measure_root

Array = NDArray[np.float64]

MIN_LV_VIEW = 0.2  # volumes are only computed where an apical view is at all likely
MIN_VIEW = 0.5  # of what costs milliseconds
MIN_FLUID_SCORE = 0.5  # of a box: thin false fluid is not measured
APICAL = (View.A4C, View.A5C, View.A2C, View.A3C)


def measure_frame(reading: Reading, outside: NDArray[np.bool_], frame_sequence: int) -> tuple[Measurement, ...]:
    """Measurements of one frame; `outside` (128, 128) are the cells beyond the sector.

    What cannot be measured because its wall is out of sight is left out.
    """
    rows = [
        *_aorta(reading, frame_sequence),
        *_left_heart(reading, frame_sequence),
        *_in_long_axis(reading, outside, frame_sequence),
        *_fluid(reading, frame_sequence),
        *direct.measurements(reading.sizes, reading.view_probability, frame_sequence),
    ]
    return direct.fused(tuple(row for row in rows if math.isfinite(row.value)))


def _aorta(reading: Reading, frame_sequence: int) -> tuple[Measurement, ...]:
    lumen, wall = _soft(reading, Tissue.AO_LUMEN), _soft(reading, Tissue.AO_WALL)
    section = aorta.measure_section(lumen, wall, grid.X_M, grid.Y_M, grid.SPACING_M)
    return () if section is None else aorta.measurements(section, frame_sequence)


def _left_heart(reading: Reading, frame_sequence: int) -> list[Measurement]:
    if sum(float(reading.view_probability[view]) for view in APICAL) < MIN_LV_VIEW:
        return []
    lv, la = _soft(reading, Tissue.LV), _soft(reading, Tissue.LA)
    rows: list[Measurement] = []
    cavity = ventricle.measure_ventricle(lv, grid.X_M, grid.Y_M, grid.SPACING_M, la)
    if cavity is not None:
        rows.append(ventricle.measurement(cavity, frame_sequence))
    filled = atrium.measure_atrium(la, lv, grid.X_M, grid.Y_M, grid.SPACING_M)
    if filled is not None:
        rows += atrium.measurements(filled, frame_sequence)
    return rows


def _in_long_axis(reading: Reading, outside: NDArray[np.bool_], frame_sequence: int) -> list[Measurement]:
    """Root and ascending aorta in PLAX, vena cava in the subcostal view."""
    unseen = outside | (reading.labels == Tissue.SHADOW)
    rows: list[Measurement] = []
    if float(reading.view_probability[View.PLAX]) >= MIN_VIEW:
        root, lv = _soft(reading, Tissue.AO_ROOT), _soft(reading, Tissue.LV)
        rows += measure_root(root, lv, unseen, grid.X_M, grid.Y_M, grid.SPACING_M, frame_sequence)
    if float(reading.view_probability[View.SC_IVC]) >= MIN_VIEW:
        vein = _soft(reading, Tissue.IVC)
        found = measure_cava(vein, unseen, grid.X_M, grid.Y_M, grid.SPACING_M, frame_sequence)
        rows += [] if found is None else [found]
    return rows


def _fluid(reading: Reading, frame_sequence: int) -> list[Measurement]:
    if not any(b.kind == FindingKind.EFFUSION.name and b.score >= MIN_FLUID_SCORE for b in reading.boxes):
        return []
    view = View(int(np.argmax(reading.view_probability)))
    fluid = _soft(reading, Tissue.EFFUSION)
    found = measure_effusion(fluid, grid.X_M, grid.Y_M, grid.SPACING_M, frame_sequence, view)
    return [] if found is None else [found]


def _soft(reading: Reading, tissue: Tissue) -> Array:
    return np.asarray(reading.probability[tissue], dtype=np.float64)
