"""Aortic root in the parasternal long axis, leading edge to leading edge (ASE/EACVI 2015; ESC 2024)."""

import numpy as np
from numpy.typing import NDArray

from echopilot_core import CardiacPhase, GateStatus, Measurement, MeasurementName, View
from echopilot_perception.measure.regions import ends_between
from echopilot_perception.measure.tube_widths import TubeWidths, tube_widths

MIN_AREA_M2 = 2.5e-4
WALL_M, WALL_SIGMA_M = 0.0018, 0.0005  # one wall: the mask holds blood only, the convention begins outside the near one
SINUS_REACH_M = 0.025  # from the valve; beyond lies the tubular ascending aorta
MIN_ASCENDING_M = 0.010  # less of it does not make a measurement


def measure_root(
    root: NDArray[np.float64],
    lv: NDArray[np.float64],
    unseen: NDArray[np.bool_],
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    spacing_m: float,
    phase: CardiacPhase = CardiacPhase.UNSPECIFIED,
) -> tuple[Measurement, ...]:
    """Widest place of the sinuses and, where at least 1 cm of it is visible, of the ascending aorta, in one PLAX frame.

    From the soft masks (H, W) of AO_ROOT and LV; `unseen` (H, W) is True in shadow and outside the sector. A place
    whose caliper ends at the edge of the visible area is refused by the gate, with value NaN. Empty without a root. A
    plane that passes beside the middle of the root cuts a chord: then the reading is short, never long.

    Args:
        root: mask of AO_ROOT (H, W), 0 to 1.
        lv: mask of the left ventricle (H, W), by which the valve is found.
        unseen: True (H, W) in shadow and outside the sector.
        x_m: image x of the columns (W,) in `us_image` [m].
        y_m: depth of the rows (H,) in `us_image` [m].
        spacing_m: side of a cell [m].
        phase: of the heart cycle in the frame.
    """
    found = tube_widths(root, unseen, x_m, y_m, spacing_m, MIN_AREA_M2)
    if found is None:
        return ()
    from_valve_m = _from_valve(found, lv, x_m, y_m)
    rows = [_widest(found, from_valve_m < SINUS_REACH_M, MeasurementName.AORTIC_ROOT_PLAX, phase)]
    if float(from_valve_m.max()) >= SINUS_REACH_M + MIN_ASCENDING_M:
        rows.append(_widest(found, from_valve_m >= SINUS_REACH_M, MeasurementName.ASCENDING_AORTA_PLAX, phase))
    return tuple(rows)


def _from_valve(
    found: TubeWidths, lv: NDArray[np.float64], x_m: NDArray[np.float64], y_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Distances (N,) [m] of the stations from the end of the root that faces the ventricle; without one, the left."""
    mass = float(lv.sum())
    if mass < 1.0:
        return found.stations_m
    ventricle_m = np.array([float(lv.sum(axis=0) @ x_m), float(lv.sum(axis=1) @ y_m)]) / mass
    middles = 0.5 * (found.near_m + found.far_m)
    first, last = (float(np.linalg.norm(middles[i] - ventricle_m)) for i in (0, -1))
    return np.asarray(found.stations_m if first <= last else found.stations_m[-1] - found.stations_m)


def _widest(found: TubeWidths, where: NDArray[np.bool_], name: MeasurementName, phase: CardiacPhase) -> Measurement:
    k = int(np.argmax(np.where(where, found.widths_m, -1.0)))
    cut = bool(found.cut[k])
    near, far = found.near_m[k], found.far_m[k]
    if near[1] > far[1]:
        near, far = far, near
    width_m = float(found.widths_m[k])
    return Measurement(
        name=name,
        value=float("nan") if cut else width_m + WALL_M,
        unit=name.unit,
        sigma=float(np.hypot(found.sigma_m, WALL_SIGMA_M)),
        view=View.PLAX,
        convention=name.convention,
        phase=phase,
        gate=GateStatus.REFUSED if cut else GateStatus.NOT_CHECKED,
        gate_reason="the aorta's wall lies outside the image" if cut else "",
        end_points=ends_between(near + WALL_M / max(width_m, WALL_M) * (near - far), far),
    )
