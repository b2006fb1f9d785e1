"""The B-mode benchmark measures what it says and prints what the design promises."""

import numpy as np
import pytest
from rich.console import Console

from built_patients import drawn
from echopilot_core import View
from echopilot_lab import bench_bmode, bench_pymust
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.bmode import bench, bench_arrays
from echopilot_sim.bmode.acoustics import acoustic_table
from echopilot_sim.compiled import COMPILED
from echopilot_sim.voxel_body import VoxelBody
from echopilot_sim.voxel_sampling import sample

pytestmark = pytest.mark.skipif(not COMPILED, reason="numba is absent: no patient can be drawn")


def patient() -> Anatomy:
    return drawn(bench.SEEDS[0])


def coarse(anatomy: Anatomy) -> VoxelBody:
    return sample(anatomy, 0.003, phases=1)


def test_every_view_is_timed_once_full_and_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_bmode, "sample", coarse)
    monkeypatch.setattr(bench_bmode, "_ARRAY_FRAMES", 2)
    monkeypatch.setattr(bench_pymust, "find_spec", lambda name: None)
    console = Console(record=True, width=120)
    figures = bench_bmode.bench_bmode(console, frames=3)
    said = console.export_text()
    assert "pip install" in said and "echopilot[bench]" in said and len(figures["peers"]) == 1
    shown = [view.name for view in View if view != View.NONE and view.name not in figures["missing"]]
    assert list(figures["views"]) == list(figures["fast"]["views"]) == shown and len(shown) >= 11
    assert all(name in said for name in shown)
    for part in (figures, figures["fast"], figures["numpy"]):
        medians = [row["ms"]["p50"] for row in part["views"].values()]
        assert part["ms"]["p50"] == max(medians) and min(medians) > 0.0
        assert part["ms"]["p50"] <= part["ms"]["p95"] <= part["ms"]["p99"]
    assert figures["fast"]["ms"]["p50"] < figures["ms"]["p50"]
    assert figures["threads"] == 1 and figures["peer"]["ms"]["p50"] > 0.0


def test_arrays_are_timed_in_a_process_without_numba() -> None:
    body = coarse(patient())
    spent = bench_arrays.time_arrays(body, 1)
    assert list(spent) == [view.name for view in body.poses]
    assert all(len(row) == 1 and row[0] > 1.0 for row in spent.values())


def test_scatterers_fill_the_fan_and_follow_the_materials() -> None:
    x_m, z_m, reflection = bench_pymust.scatterers(patient(), 4000)
    distance, angle = np.hypot(x_m, z_m), np.arctan2(x_m, z_m)
    assert distance.max() <= 0.16 and np.abs(angle).max() <= np.radians(45.0)
    assert (distance < 0.08).mean() == pytest.approx(0.25, abs=0.03)  # even over the area
    assert np.abs(reflection).max() < 5.0 * acoustic_table().amplitude[:, 128].max()


@pytest.mark.skipif(not bench_pymust.available(), reason="PyMUST is not installed (pip install 'echopilot[bench]')")
def test_pymust_simulates_a_few_scatterers() -> None:
    assert bench_pymust.time_pymust(patient(), 50) > 10.0
