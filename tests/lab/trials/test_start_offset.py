"""Starts of trials: as far off as asked, the same every time, on the skin."""

import math

import numpy as np
import pytest

from echopilot_control.body_axes import body_axes
from echopilot_control.search.priors import place_prior
from echopilot_control.surface import SkinSurface
from echopilot_core import ControlGoal, EchoPilotError, GoalKind, View, se3
from echopilot_lab.trials.start_offset import AORTA_MM, Starts, displaced
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.simulation import Simulation

VIEWS = (View.PLAX, View.PSAX_PM, View.A4C, View.A2C, View.SC4C)
STARTS = Starts(30.0, 20.0)


def test_starts_fill_the_disc_and_the_angles_and_stay_inside() -> None:
    drawn = [STARTS.draw(seed, view) for seed in range(200) for view in VIEWS]
    away_mm = np.array([1e3 * np.linalg.norm(d.along_m) for d in drawn])
    turned_deg = np.array([math.degrees(float(np.linalg.norm(d.rotation_rad))) for d in drawn])
    assert away_mm.max() <= 30.0
    assert turned_deg.max() <= 20.0
    assert np.median(away_mm) == pytest.approx(30.0 / math.sqrt(2.0), abs=1.5)
    assert np.median(turned_deg) == pytest.approx(10.0, abs=1.0)


def test_the_aorta_starts_near_and_unturned() -> None:
    drawn = [STARTS.draw(seed, View.AORTA_TRANS) for seed in range(100)]
    assert max(float(np.linalg.norm(d.along_m)) for d in drawn) <= 1e-3 * AORTA_MM
    assert all(not d.rotation_rad.any() for d in drawn)


def test_a_sweep_and_a_spread_of_zero_start_where_the_controller_wants() -> None:
    look = ControlGoal(goal_id=1, kind=GoalKind.ACQUIRE_VIEW, view=View.A4C)
    assert STARTS.of(3, ControlGoal(goal_id=1, kind=GoalKind.SWEEP, view=View.AORTA_TRANS)) is None
    assert Starts(0.0, 0.0).of(3, look) is None
    assert STARTS.of(3, look) is not None


def test_a_displaced_start_lies_that_far_along_the_skin_and_turned_that_much() -> None:
    simulation = Simulation(sample_patient(500_020))
    axes, skin = body_axes(simulation.landmarks()), SkinSurface(simulation.surface())
    for view in VIEWS:
        offset = STARTS.draw(500_020, view)
        prior = place_prior(view, axes, skin)
        start = displaced(prior, axes, skin, offset)
        step = start.patch.point_m - prior.patch.point_m
        wanted_m = float(np.linalg.norm(offset.along_m))
        assert np.linalg.norm(step) == pytest.approx(wanted_m, abs=0.004)
        assert float(step @ axes.left) * offset.along_m[0] > -1e-5
        turned = se3.angle_between(prior.T_base_probe[:3, :3], start.T_base_probe[:3, :3])
        assert turned == pytest.approx(float(np.linalg.norm(offset.rotation_rad)), abs=1e-6)
        assert abs(float((start.T_base_probe[:3, 3] - start.patch.point_m) @ start.patch.normal)) < 1e-9


def test_impossible_starts_are_refused_with_the_valid_range() -> None:
    with pytest.raises(EchoPilotError, match="0 to 60 mm"):
        Starts(-1.0, 0.0)
