"""One image per scenario: force, image and phases over time; and one over all scenarios."""

import math
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from echopilot_core import ControlPhase, SafetyMode
from echopilot_lab.scenarios.disturbances import Timed
from echopilot_lab.scenarios.model import Scenario
from echopilot_lab.scenarios.trace import Trace

BLUE, ORANGE, GREEN, GRAY = "#0072b2", "#d55e00", "#009e73", "#9aa0a6"
"""Okabe and Ito 2008: told apart by color-blind readers too."""

PHASES = (*(phase for phase in ControlPhase if phase is not ControlPhase.RETREAT), ControlPhase.RETREAT)
"""From below: the retreat last."""
FLYING = (ControlPhase.IDLE, ControlPhase.APPROACH, ControlPhase.RETREAT)
AT_ONCE = ("shift", "request", "gel")


def draw_scenario(scenario: Scenario, result: dict[str, Any], traces: dict[str, Trace], path: Path) -> None:
    """Force above, then where the aorta is in the image or how far the view is, then phases; disturbances shaded."""
    with_images = bool(traces[""].frame_s)
    rows = 3 if with_images else 2
    figure, axes = plt.subplots(
        rows, 1, figsize=(10.0, 2.4 * rows + 0.9), sharex=True, height_ratios=[2.0] * (rows - 1) + [1.1]
    )
    _force(axes[0], scenario, traces[""])
    if with_images:
        _image(axes[1], scenario, traces)
    _phases(axes[-1], traces[""])
    start_s = _contact_time_s(traces[""])
    for axis in axes:
        for k, disturbance in enumerate(scenario.disturbances):
            _shade(axis, disturbance, start_s, k if axis is axes[0] else None)
        axis.set_xlim(0.0, traces[""].time_s[-1])
    axes[-1].set_xlabel("simulated time [s]")
    word = "passed" if result["passed"] else "failed"
    failed = ", ".join(f"{v['name']} {v['found']} ({v['asked']})" for v in result["verdicts"] if not v["met"])
    figure.suptitle(
        f"{scenario.name}: {word}, score {result['score']:.0f}" + (f"; {failed}" if failed else ""),
        color=GREEN if result["passed"] else ORANGE,
        fontsize=11,
    )
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def draw_overview(results: list[dict[str, Any]], path: Path) -> None:
    """A bar per scenario: length is the score, color is pass or fail."""
    names = [result["name"] for result in results]
    scores = [result["score"] for result in results]
    colors = [BLUE if result["passed"] else ORANGE for result in results]
    figure, axis = plt.subplots(figsize=(9.0, 0.29 * len(results) + 1.4))
    axis.barh(names, scores, color=colors, height=0.72)
    for k, result in enumerate(results):
        failed = ", ".join(f"{v['name']} {v['found']}" for v in result["verdicts"] if not v["met"])
        axis.text(result["score"] + 1.0, k, failed or "passed", va="center", fontsize=8, color=colors[k])
    axis.invert_yaxis()
    axis.set_xlim(0.0, 150.0)
    axis.set_xticks([0, 25, 50, 75, 100])
    axis.set_xlabel("score: 100 perfect, 50 at every limit")
    axis.set_title(f"{sum(r['passed'] for r in results)} of {len(results)} scenarios passed", fontsize=11)
    axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _force(axis: Axes, scenario: Scenario, trace: Trace) -> None:
    axis.plot(trace.time_s, trace.measured_n, color=GRAY, linewidth=0.6, label="measured")
    axis.plot(trace.time_s, trace.force_n, color=BLUE, linewidth=1.2, label="true force")
    axis.plot(trace.time_s, trace.setpoint_n, color=ORANGE, linewidth=1.0, label="set-point")
    if scenario.criteria.max_force_n is not None:
        axis.axhline(scenario.criteria.max_force_n, color=ORANGE, linestyle=":", linewidth=1.0, label="most allowed")
    top_n = max(scenario.criteria.max_force_n or 0.0, max(trace.force_n), 5.0)
    axis.set_ylim(-1.0, 1.3 * top_n)  # room for the legend
    axis.set_ylabel("force [N]")
    axis.legend(loc="upper left", fontsize=8, ncols=4, frameon=False)


def _image(axis: Axes, scenario: Scenario, traces: dict[str, Trace]) -> None:
    aorta = scenario.protocol == "aorta" or any(goal.view == "AORTA_TRANS" for goal in scenario.goals)
    if not aorta:
        trace = traces[""]
        axis.plot(trace.frame_s, np.degrees(trace.angle_rad), color=BLUE, label="angle to the view [deg]")
        axis.plot(trace.frame_s, 1e3 * np.array(trace.offset_m), color=GREEN, label="offset from the view [mm]")
        axis.axhline(8.0, color=ORANGE, linestyle=":", linewidth=1.0)
        axis.set_ylim(0.0, 60.0)
        axis.set_ylabel("true pose error")
    else:
        for (name, trace), color in zip(traces.items(), (BLUE, ORANGE, GRAY), strict=False):
            axis.plot(trace.frame_s, _on_skin_mm(trace), color=color, linewidth=1.1, label=name or "judged")
        axis.axhline(0.0, color="black", linewidth=0.6)
        farthest_mm = max(float(np.nanmax(np.abs(_on_skin_mm(t)), initial=0.0)) for t in traces.values())
        side_mm = min(max(1.2 * farthest_mm, 5.0), 20.0)
        axis.set_ylim(-side_mm, 1.3 * side_mm)
        axis.set_ylabel("aorta off center [mm]")
    axis.legend(loc="upper left", fontsize=8, ncols=3, frameon=False)


def _on_skin_mm(trace: Trace) -> NDArray[np.float64]:
    """True lateral place of the aorta in the image, NaN while flying."""
    flying = np.array([phase in FLYING for phase in trace.frame_phase])
    return np.where(flying, math.nan, 1e3 * np.array(trace.aorta_x_m))


def _phases(axis: Axes, trace: Trace) -> None:
    entered = [phase for phase in PHASES if phase in trace.phase]
    levels = np.array([entered.index(phase) for phase in trace.phase], dtype=float)
    axis.plot(trace.time_s, levels, color=BLUE, linewidth=1.5, drawstyle="steps-post")
    held = np.array([mode is not SafetyMode.OK for mode in trace.mode])
    axis.fill_between(trace.time_s, -0.5, len(entered) - 0.5, where=list(held), color=ORANGE, alpha=0.18, linewidth=0)
    axis.set_yticks(range(len(entered)), [phase.name for phase in entered], fontsize=7)
    axis.set_ylim(-0.5, len(entered) - 0.5)
    axis.set_ylabel("phase\n(shaded: safety)", fontsize=8)


def _contact_time_s(trace: Trace) -> float:
    times = [t for t, since in zip(trace.time_s, trace.contact_s, strict=True) if since >= 0.0]
    return times[0] if times else math.nan


def _shade(axis: Axes, disturbance: Timed, start_s: float, label_row: int | None) -> None:
    zero = start_s if disturbance.since == "contact" else 0.0
    if not math.isfinite(zero):
        return
    begin = zero + disturbance.from_s
    kind = str(getattr(disturbance, "kind", ""))
    if kind in AT_ONCE:
        axis.axvline(begin, color="black", linewidth=0.8, linestyle="--")
    else:
        end = axis.get_xlim()[1] if disturbance.to_s is None else zero + disturbance.to_s
        axis.axvspan(begin, end, color=GRAY, alpha=0.15, linewidth=0)
    if label_row is not None:
        height = 0.84 - 0.10 * label_row
        words = f" {kind.replace('_', ' ')} {getattr(disturbance, 'what', '')}"
        axis.text(begin, height, words, transform=axis.get_xaxis_transform(), fontsize=8, va="top")
