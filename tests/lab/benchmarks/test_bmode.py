"""The B-mode benchmark measures what it says and prints what the design promises."""

import numpy as np
import pytest
from rich.console import Console

from built_patients import drawn
from echopilot_core import View
from echopilot_core.kernels.compiled import COMPILED
from echopilot_lab.benchmarks import bmode as bench_bmode
from echopilot_lab.benchmarks import bmode_numpy, bmode_views, pymust
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.bmode.sound.acoustics import amplitudes
from echopilot_sim.voxels.body import VoxelBody
from echopilot_sim.voxels.sampling import sample

pytestmark = pytest.mark.skipif(not COMPILED, reason="numba is absent: no patient can be drawn")


def patient() -> Anatomy:
    return drawn(bmode_views.SEEDS[0])


def coarse(anatomy: Anatomy) -> VoxelBody:
    return sample(anatomy, 0.003, phases=1)


def test_every_view_is_timed_once_full_and_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_bmode, "sample", coarse)
    monkeypatch.setattr(bench_bmode, "_ARRAY_FRAMES", 2)
    monkeypatch.setattr(pymust, "find_spec", lambda name: None)
    console = Console(record=True, width=120)
    figures = bench_bmode.bench_bmode(console, frames=3)
    text = console.export_text()
    assert "pip install" in text and "echopilot[bench]" in text and len(figures["peers"]) == 1
    names = [view.name for view in View if view != View.NONE and view.name not in figures["missing"]]
    assert list(figures["views"]) == list(figures["fast"]["views"]) == names and len(names) >= 11
    assert all(name in text for name in names)
    for part in (figures, figures["fast"], figures["numpy"]):
        medians = [row["ms"]["p50"] for row in part["views"].values()]
        assert part["ms"]["p50"] == max(medians) and min(medians) > 0.0
        assert part["ms"]["p50"] <= part["ms"]["p95"] <= part["ms"]["p99"]
    assert figures["fast"]["ms"]["p50"] < figures["ms"]["p50"]
    assert figures["threads"] == 1 and figures["peer"]["ms"]["p50"] > 0.0


def test_arrays_are_timed_in_a_process_without_numba() -> None:
    body = coarse(patient())
    spent = bmode_numpy.time_arrays(body, 1)
    assert list(spent) == [view.name for view in body.poses]
    assert all(len(row) == 1 and row[0] > 1.0 for row in spent.values())


def test_scatterers_fill_the_fan_and_follow_the_materials() -> None:
    x_m, z_m, reflection = pymust.scatterers(patient(), 4000)
    distance, angle = np.hypot(x_m, z_m), np.arctan2(x_m, z_m)
    assert distance.max() <= 0.16 and np.abs(angle).max() <= np.radians(45.0)
    assert (distance < 0.08).mean() == pytest.approx(0.25, abs=0.03)  # even over the area
    assert np.abs(reflection).max() < 5.0 * amplitudes()[:, 128].max()


@pytest.mark.skipif(not pymust.available(), reason="PyMUST is not installed (pip install 'echopilot[bench]')")
def test_pymust_simulates_a_few_scatterers() -> None:
    assert pymust.time_pymust(patient(), 50) > 10.0
