"""What a picture tells of a slide of the probe: `python benchmarks/slides.py [--patients N]`.

On the window of the parasternal views the probe slides up and down the chest and keeps its beam on the same structures,
once as a long-axis view, once as a short-axis view. A picture that knows where it is says how far the view is; one
that does not says "here" from everywhere. This is why the controller finds the place of one in the other.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from echopilot_control.search.beside import AIM_M, slid
from echopilot_core import EchoPilotError, View, se3
from echopilot_lab.probing import moment_at, on_skin
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import build, draw_patient
from echopilot_sim.bmode import Renderer
from echopilot_sim.moment import ImagingSettings, Phases

Array = NDArray[np.float64]

FIRST_SEED = 500_100
VIEWS = (View.PLAX, View.PSAX_PM)
SLIDES_M = 1e-3 * np.arange(-20.0, 20.1, 5.0)
MOMENTS = 5  # over a beat and a breath
PRESSED_M = 0.004


def told(seed: int, perception: Perception) -> Array:
    """Of one patient, (view, slide, 2): how far up the network puts the view [m], 0 is right, and its probability."""
    anatomy = build(draw_patient(seed))
    renderer = Renderer(anatomy, "fast")
    result = np.full((len(VIEWS), SLIDES_M.size, 2), np.nan)
    for v, view in enumerate(VIEWS):
        for s, slide_m in enumerate(SLIDES_M):
            heard = []
            for k in range(MOMENTS):
                phases = Phases(k / MOMENTS, 0.5 - 0.5 * np.cos(2.0 * np.pi * k / MOMENTS))
                target = anatomy.view_target(view, phases)
                if target is None:
                    return result
                normal = anatomy.skin_normal(target[None, :3, 3], phases)[0]
                up = np.array([0.0, 0.0, 1.0]) - normal[2] * normal
                up = up / float(np.linalg.norm(up))
                T = slid(target, slide_m * up)
                T[:3, 3] = on_skin(anatomy, T[:3, 3], phases) + PRESSED_M * T[:3, 2]
                moment = moment_at(anatomy, T, phases, ImagingSettings("cardiac"), k, k)
                seen = perception.see(renderer.render(moment))
                guidance = seen.guidance_to(view)
                if guidance is not None:
                    there = (T @ se3.exp(guidance.motion))[:3, 3] - target[:3, 3]
                    heard.append((float(there @ up), float(seen.view_probability[int(view)])))
            result[v, s] = np.mean(heard, axis=0) if heard else np.nan
    return result


def figures(results: Array) -> dict[str, Any]:
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


def draw(shown: dict[str, Any], path: Path) -> None:
    """Plot of the two views side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    slide = np.array(shown["slide_mm"])
    for view, colour in zip(VIEWS, ("#c2571a", "#1f6f8b"), strict=True):
        mean, sd = (np.array(shown[view.name]["told_mm"][key]) for key in ("mean", "sd"))
        left.plot(slide, mean, "o-", color=colour, label=view.name, markersize=4)
        left.fill_between(slide, mean - sd, mean + sd, color=colour, alpha=0.15, linewidth=0)
        right.plot(slide, shown[view.name]["view_probability"], "o-", color=colour, label=view.name, markersize=4)
    left.plot(slide, slide, ":", color="#777777", label='says "here" from everywhere')
    left.axhline(0.0, color="#777777", linewidth=0.8)
    left.set(xlabel="probe slid up the chest by [mm]", ylabel="error of where it puts the view [mm]")
    right.set(xlabel="probe slid up the chest by [mm]", ylabel="probability of the view", ylim=(0.0, 1.02))
    left.legend(frameon=False, fontsize=8)
    for axes in (left, right):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure, print, and leave picture and numbers where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=20, help=f"validation patients from seed {FIRST_SEED}")
    parser.add_argument("--picture", type=Path, default=Path("out/bench/slides.png"))
    parser.add_argument("--json", type=Path, default=None)
    asked = parser.parse_args()
    console = Console()
    try:
        perception = Perception()
        seeds = range(FIRST_SEED, FIRST_SEED + asked.patients)
        results = np.array([told(seed, perception) for seed in track(seeds, "patients", console=console)])
    except EchoPilotError as error:
        sys.exit(f"Error: {error}")
    shown = figures(results)
    for view in VIEWS:
        share = shown[view.name]["share_believed_to_be_there"]
        console.print(f"{view.name}: {100.0 * share:.0f} % of a slide, aimed at {1e3 * AIM_M:.0f} mm, go unnoticed")
    draw(shown, asked.picture)
    console.print(f"picture {asked.picture}")
    if asked.json is not None:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(shown, indent=1))


if __name__ == "__main__":
    main()
