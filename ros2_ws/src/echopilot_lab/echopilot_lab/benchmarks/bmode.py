"""`echopilot bench bmode`: milliseconds per image in every standard view, without numba, and of two peers."""

from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from echopilot_core import View
from echopilot_lab.benchmarks import bmode_numpy, bmode_peer, bmode_views, pymust
from echopilot_lab.benchmarks.bmode_views import SEEDS, VIEWS, RenderTiming, ViewBench
from echopilot_lab.benchmarks.timing import one_thread, percentiles
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.bmode.warm_up import warm_up
from echopilot_sim.voxels.sampling import sample

_PEER_FRAMES = 10
_ARRAY_FRAMES = 20


def bench_bmode(
    console: Console, frames: int = bmode_views.FRAMES, scatterers: int = pymust.SCATTERERS
) -> dict[str, Any]:
    """Measure and show; `scatterers` 0 leaves PyMUST out."""
    timed: list[ViewBench] = []
    with one_thread(), console.status("") as status:
        status.update("preparing")
        warm_up(status.update)
        patients: list[Anatomy] = []
        for anatomy, views in bmode_views.patients_of():
            patients.append(anatomy)
            timed += bmode_views.time_views(anatomy, views, frames, lambda name: status.update(f"rendered {name}"))
        first = patients[0]
        status.update("timing the plain renderer")
        peers = [_plain(first)]
        status.update("sampling a patient for the path without numba")
        body = sample(first)
        status.update("timing the path without numba")
        arrays = bmode_numpy.time_arrays(body, _ARRAY_FRAMES)
        if scatterers and pymust.available():
            status.update(f"PyMUST simulates {scatterers} scatterers, 10 to 30 s for 20000")
            peers.append(_pymust(first, scatterers))
    figures = _figures(timed, arrays, peers)
    console.print(_table(figures))
    if scatterers and not pymust.available():
        console.print(pymust.HINT, markup=False, highlight=False, soft_wrap=True)
    if figures["missing"]:
        console.print(f"no patient of {SEEDS[0]} to {SEEDS[-1]} has {', '.join(figures['missing'])}")
    return figures


def _plain(anatomy: Anatomy) -> dict[str, Any]:
    frame_states = bmode_views.view_frame_states(anatomy, View.PLAX, _PEER_FRAMES)
    timing = bmode_views.timing(lambda frame_state: bmode_peer.plain_image(anatomy, frame_state), frame_states)
    return {"name": bmode_peer.NAME, "ms": timing.as_dict(), "frames": len(frame_states)}


def _pymust(anatomy: Anatomy, scatterers: int) -> dict[str, Any]:
    note = "" if scatterers == pymust.SCATTERERS else f", only {scatterers} scatterers"
    return {
        "name": pymust.NAME + note,
        "ms": {"p50": pymust.time_pymust(anatomy, scatterers)},
        "frames": 1,
        "scatterers": scatterers,
    }


def _figures(timed: list[ViewBench], arrays: dict[str, list[float]], peers: list[dict[str, Any]]) -> dict[str, Any]:
    timed = sorted(timed, key=lambda row: VIEWS.index(row.view))
    per_view = {name: percentiles(np.array(spent)) for name, spent in arrays.items()}
    worst = max(per_view.values(), key=lambda ms: ms["p50"])
    return {
        **_quality({row.view.name: row.full for row in timed}),
        "threads": 1,
        "peer": {"name": peers[0]["name"], "ms": peers[0]["ms"]},
        "fast": _quality({row.view.name: row.fast for row in timed}),
        "numpy": {
            "ms": worst,
            "fps": 1e3 / worst["p50"],
            "views": {name: {"ms": ms} for name, ms in per_view.items()},
            "source": "voxel body of the first patient, full quality",
        },
        "peers": peers,
        "seeds": {row.view.name: row.seed for row in timed},
        "missing": [view.name for view in VIEWS if view not in [row.view for row in timed]],
    }


def _quality(timings: dict[str, RenderTiming]) -> dict[str, Any]:
    """Figures of one quality: per view, and of the slowest view by median."""
    return {
        "views": {name: {"ms": timing.as_dict()} for name, timing in timings.items()},
        "ms": max(timings.values(), key=lambda timing: timing.p50_ms).as_dict(),
    }


def _table(figures: dict[str, Any]) -> Table:
    """A row per view, then the slowest view, then the peers."""
    table = Table(title="B-mode, milliseconds per image on one core (p50 / p95)")
    table.add_column("view")
    for heading in ("full", "fast", "full without numba"):
        table.add_column(heading, justify="right")
    arrays = figures["numpy"]["views"]
    for name, row in figures["views"].items():
        seed = figures["seeds"][name]
        without = _pair(arrays[name]["ms"]) if name in arrays else ""
        label = name if seed == SEEDS[0] else f"{name} (patient {seed})"
        table.add_row(label, _pair(row["ms"]), _pair(figures["fast"]["views"][name]["ms"]), without)
    table.add_section()
    slowest = (_pair(figures[part]["ms"]) for part in ("fast", "numpy"))
    table.add_row("slowest view", _pair(figures["ms"]), *slowest, style="bold")
    rates = (f"{1e3 / ms['p50']:.0f} fps" for ms in (figures["ms"], figures["fast"]["ms"], figures["numpy"]["ms"]))
    table.add_row("", *rates)
    table.add_section()
    for peer in figures["peers"]:
        table.add_row(f"peer: {peer['name']}", _pair(peer["ms"]), "", "")
    return table


def _pair(ms: dict[str, float]) -> str:
    return f"{ms['p50']:.1f}" + (f" / {ms['p95']:.1f}" if "p95" in ms else "")
