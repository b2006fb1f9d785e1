"""`echopilot bench slide`: error of the network's guidance while the probe slides along the chest.

On the parasternal window the probe slides up and down the chest with its beam kept on the same structures, once in a
long-axis view, once in a short-axis view. The error tells how far an image determines the position of the probe; in
the long axis it hardly does, which is why the controller locates one view in the other.
"""

from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from echopilot_control.search.window_shift import AIM_M
from echopilot_core import Array, Preset, ScannerSettings, View, se3
from echopilot_lab.datasets.probe_pose_sampling import frame_state_at, on_skin
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import build, sample_patient
from echopilot_sim.bmode import Renderer
from echopilot_sim.frame_state import Phases

FIRST_SEED = 500_100
VIEWS = (View.PLAX, View.PSAX_PM)
SLIDES_M = 1e-3 * np.arange(-20.0, 20.1, 5.0)
MOMENTS = 5  # over a beat and a breath
PRESSED_M = 0.004


def bench_probe_slide(
    console: Console, patients: int = 20, plot: Path | None = None, seed: int = FIRST_SEED
) -> dict[str, Any]:
    """Measure over patients from `seed` on, print the share of a slide that goes unnoticed, and draw `plot`."""
    perception = Perception()
    seeds = range(seed, seed + patients)
    results = np.array([slide_errors(s, perception) for s in track(seeds, "patients", console=console)])
    perception.close()
    figures = slide_figures(results)
    for view in VIEWS:
        share = figures[view.name]["share_believed_to_be_there"]
        console.print(f"{view.name}: {100.0 * share:.0f} % of a slide, aimed at {1e3 * AIM_M:.0f} mm, go unnoticed")
    if plot is not None:
        draw(figures, plot)
        console.print(f"plot {plot}")
    return figures


def slide_errors(seed: int, perception: Perception) -> Array:
    """Of one patient, (view, slide, 2): error of the network's target up the chest [m], and the view probability."""
    anatomy = build(sample_patient(seed))
    renderer = Renderer(anatomy, "fast")
    errors = np.full((len(VIEWS), SLIDES_M.size, 2), np.nan)
    for v, view in enumerate(VIEWS):
        for s, slide_m in enumerate(SLIDES_M):
            samples = []
            for k in range(MOMENTS):
                phases = Phases(k / MOMENTS, 0.5 - 0.5 * np.cos(2.0 * np.pi * k / MOMENTS))
                target = anatomy.view_target(view, phases)
                if target is None:
                    return errors
                normal = anatomy.skin_normal(target[None, :3, 3], phases)[0]
                up = np.array([0.0, 0.0, 1.0]) - normal[2] * normal
                up = up / float(np.linalg.norm(up))
                T = se3.shift_about_point(target, slide_m * up, AIM_M)
                T[:3, 3] = on_skin(anatomy, T[:3, 3], phases) + PRESSED_M * T[:3, 2]
                frame_state = frame_state_at(anatomy, T, phases, ScannerSettings(Preset.CARDIAC), k, k)
                result = perception.see(renderer.render(frame_state))
                guidance = result.guidance_to(view)
                if guidance is not None:
                    there = (T @ se3.exp(guidance.relative_pose_twist))[:3, 3] - target[:3, 3]
                    samples.append((float(there @ up), float(result.view_probability[int(view)])))
            errors[v, s] = np.mean(samples, axis=0) if samples else np.nan
    return errors


def slide_figures(results: Array) -> dict[str, Any]:
    """Per view and slide: mean and standard deviation over patients [mm], mean view probability; the share followed."""
    out: dict[str, Any] = {"slide_mm": (1e3 * SLIDES_M).tolist(), "patients": len(results)}
    for v, view in enumerate(VIEWS):
        up_mm, probability = 1e3 * results[:, v, :, 0], results[:, v, :, 1]
        mean = np.nanmean(up_mm, axis=0)
        out[view.name] = {
            "told_mm": {"mean": mean.tolist(), "sd": np.nanstd(up_mm, axis=0).tolist()},
            "view_probability": np.nanmean(probability, axis=0).tolist(),
            "share_believed_to_be_there": float(np.polyfit(1e3 * SLIDES_M, mean, 1)[0]),
        }
    return out


def draw(figures: dict[str, Any], path: Path) -> None:
    """Plot of the two views side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    slide = np.array(figures["slide_mm"])
    for view, color in zip(VIEWS, ("#c2571a", "#1f6f8b"), strict=True):
        mean, sd = (np.array(figures[view.name]["told_mm"][key]) for key in ("mean", "sd"))
        left.plot(slide, mean, "o-", color=color, label=view.name, markersize=4)
        left.fill_between(slide, mean - sd, mean + sd, color=color, alpha=0.15, linewidth=0)
        right.plot(slide, figures[view.name]["view_probability"], "o-", color=color, label=view.name, markersize=4)
    left.plot(slide, slide, ":", color="#777777", label='says "here" from everywhere')
    left.axhline(0.0, color="#777777", linewidth=0.8)
    left.set(xlabel="probe slid up the chest by [mm]", ylabel="error of the guided position [mm]")
    right.set(xlabel="probe slid up the chest by [mm]", ylabel="probability of the view", ylim=(0.0, 1.02))
    left.legend(frameon=False, fontsize=8)
    for axes in (left, right):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
