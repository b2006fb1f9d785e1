"""The coupling gel: wears by sliding, pressure and time, and what is left bridges gaps and lubricates."""

import numpy as np
import pytest

from echopilot_sim.bmode.sound.contact import element_coupling
from echopilot_sim.physics.coupling_gel import (
    BRIDGE_MAX_M,
    BRIDGE_MIN_M,
    FRICTION_DRY,
    FRICTION_WET,
    PLENTY_M,
    bridged_gap_m,
    friction,
    worn,
)


@pytest.mark.parametrize(("slide_m", "pressure_pa", "dt_s"), [(0.02, 0.0, 0.0), (0.0, 16e3, 1.0), (0.0, 0.0, 60.0)])
def test_sliding_pressure_and_time_each_thin_the_film(slide_m: float, pressure_pa: float, dt_s: float) -> None:
    film, history = 0.005, []
    for _ in range(200):
        film = worn(film, slide_m, pressure_pa, dt_s)
        history.append(film)
    assert np.all(np.diff(history) < 0.0) and 0.0 < film < 0.005


def test_wear_does_not_depend_on_how_time_is_cut() -> None:
    fine = 0.004
    for _ in range(1000):
        fine = worn(fine, 0.001, 10e3, 0.01)
    assert fine == pytest.approx(worn(0.004, 1.0, 10e3, 10.0), rel=1e-9)


def test_plenty_lasts_for_an_exam_as_if_it_were_endless() -> None:
    left = worn(PLENTY_M, 2.0, 16e3, 900.0)  # two meters of sweeping, a quarter of an hour at 5 N
    assert bridged_gap_m(left) == BRIDGE_MAX_M and friction(left) == FRICTION_WET


def test_a_dry_face_bridges_little_and_drags() -> None:
    assert bridged_gap_m(0.0) == BRIDGE_MIN_M and friction(0.0) == pytest.approx(FRICTION_DRY)
    films = np.linspace(0.0, 0.005, 60)
    assert np.all(np.diff([bridged_gap_m(f) for f in films]) >= 0.0)
    assert np.all(np.diff([friction(f) for f in films]) <= 0.0)


def test_an_element_over_a_two_millimeter_gap_goes_dark_when_the_gel_runs_out() -> None:
    gap = np.full(4, 0.002)
    assert element_coupling(gap, bridged_gap_m(PLENTY_M)).min() == 1.0
    assert element_coupling(gap, bridged_gap_m(0.0)).max() < 0.4
