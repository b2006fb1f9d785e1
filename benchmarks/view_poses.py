"""How the views of one heart lie to each other, and how far the network errs: `python benchmarks/view_poses.py`.

Poses of the views of virtual patients of the training range, in axes from pointed landmarks as the controller has them;
and, with an ideal robot, what guidance says after looking round a view three times, from starts as in a trial. Writes
`view_poses.npz`, which the controller conditions on what it has found (`search/one_heart.py`).
"""

import argparse
import math
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from echopilot_control.body_axes import BodyAxes, body_axes
from echopilot_control.midline import on_midline
from echopilot_control.search.fusion import TargetFuser
from echopilot_control.search.homing import look_round
from echopilot_control.search.one_heart import SIZE, coordinates
from echopilot_control.search.priors import PRIORS
from echopilot_control.search.windows import WINDOW_OF
from echopilot_control.surface import Skin
from echopilot_core import EchoPilotError, View, se3
from echopilot_lab.probing import moment_at, on_skin
from echopilot_lab.start_offset import USUAL
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import Anatomy, build, draw_patient, vessel_tree, views
from echopilot_sim.anatomy.parameters import Patient
from echopilot_sim.anatomy.skin import Skin as Trunk
from echopilot_sim.bmode import Renderer
from echopilot_sim.body import Body
from echopilot_sim.moment import ImagingSettings, Phases

Array = NDArray[np.float64]

VIEWS = tuple(WINDOW_OF)
FIRST_POSED, FIRST_HEARD = 1_000, 500_130  # training and validation range
REST = Phases(0.0, 0.5)
BREATH_S, BEATS_S, LOOK_S = 4.0, 1.1, 5.5
LOOKS = (12, 16, 16, 16)  # frames: from where the probe was set down, then round what was believed
SHOWS_ENOUGH = 0.08
PRESSED_M = 0.006
ROUNDING = np.array([0.01] * 3 + [0.0005] * 2)  # [rad, m]
DEFAULT = Path("control/echopilot_control/search/view_poses.npz")


def axes_of(patient: Patient) -> BodyAxes:
    """What the controller knows of a patient from outside."""
    body = Body(patient)
    landmarks = body.landmarks(0, REST.breathing)
    skin = Skin(body.surface(0, patient.T_base_patient, REST.breathing))
    return on_midline(body_axes(landmarks), landmarks, skin)


def poses(seed: int) -> Array:
    """Coordinates (5 n + 2,) of all views of a patient and the two lengths; NaN where there is no such view."""
    patient = draw_patient(seed)
    trunk, axes = Trunk(patient.torso, patient.heart), axes_of(patient)
    window, vessels = views.parasternal_window(patient, trunk), vessel_tree.build(patient)
    found = []
    for view in VIEWS:
        target = views.target(patient, trunk, vessels, window, view, REST)
        missing = np.full(SIZE, np.nan)
        found.append(missing if target is None else coordinates(view, patient.T_base_patient @ target, axes))
    return np.concatenate([*found, [axes.sternum_m, axes.abdomen_m]])


class Watcher:
    """An ideal robot on one patient: a pose is looked from at once, with the phases of the time that has passed."""

    def __init__(self, anatomy: Anatomy, perception: Perception) -> None:
        self._anatomy, self._perception = anatomy, perception
        self._renderer, self._frames, self._time_s = Renderer(anatomy, "fast"), 0, 0.0

    def mean_of(self, view: View, frames: int, pose_at: Callable[[float], Array]) -> Array | None:
        """Where (4, 4) guidance puts a view, over `frames` from poses at shares 0..1; None: nowhere."""
        mean = TargetFuser(forgets=False)
        for k in range(frames):
            self._time_s += LOOK_S / frames
            self._frames += 1
            breathing = 0.5 - 0.5 * math.cos(2.0 * math.pi * self._time_s / BREATH_S)
            phases = Phases((self._time_s * BEATS_S) % 1.0, breathing)
            T = self.put(pose_at(k / frames), phases, PRESSED_M)
            moment = moment_at(self._anatomy, T, phases, ImagingSettings("cardiac"), self._frames, self._frames)
            seen = self._perception.see(self._renderer.render(moment))
            guidance = seen.guidance_to(view)
            if guidance is not None and seen.quality >= SHOWS_ENOUGH:
                mean.update(moment.stamp_ns, T, guidance)
        return mean.T_base_target

    def put(self, T: Array, phases: Phases, pressed_m: float = 0.0) -> Array:
        """The pose (4, 4) set on the skin and pressed in."""
        return se3.transform(T[:3, :3], on_skin(self._anatomy, T[:3, 3], phases) + pressed_m * T[:3, 2])


def errors(seed: int) -> Array:
    """What guidance errs (n, 5) in each view after looking round it three times; NaN where it found nothing."""
    cv2.setNumThreads(1)
    anatomy = build(draw_patient(seed))
    axes, T_base = axes_of(anatomy.patient), anatomy.patient.T_base_patient
    watcher, result = Watcher(anatomy, Perception()), np.full((len(VIEWS), SIZE), np.nan)
    for n, view in enumerate(VIEWS):
        target = anatomy.view_target(view, REST)
        if target is None:
            continue
        offset = USUAL.draw(seed, view)
        point = PRIORS[view].point_m(axes) + offset.along_m[0] * axes.left + offset.along_m[1] * axes.superior
        R = axes.R_base_patient @ PRIORS[view].rotation @ se3.so3_exp(offset.rotation_rad)
        T = watcher.put(se3.inverse(T_base) @ se3.transform(R, point), REST)
        found = watcher.mean_of(view, LOOKS[0], partial(_still, T))
        for frames in LOOKS[1:]:
            if found is not None:
                found = watcher.mean_of(view, frames, partial(look_round, watcher.put(found, REST)))
        if found is not None:
            found = T_base @ watcher.put(found, REST)
            result[n] = coordinates(view, found, axes) - coordinates(view, T_base @ target, axes)
    return result


def _still(T: Array, _: float) -> Array:
    return T


def _second_moment(erred: Array) -> Array:
    """Of rows (n, 5) that may be NaN; NaN (5, 5) for a view that the network gives no guidance to."""
    known = erred[np.isfinite(erred).all(axis=1)]
    return known.T @ known / len(known) + np.diag(ROUNDING**2) if len(known) else np.full((SIZE, SIZE), np.nan)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--posed", type=int, default=400, help=f"patients from seed {FIRST_POSED} whose views are placed"
    )
    parser.add_argument("--heard", type=int, default=60, help=f"patients from seed {FIRST_HEARD} that are looked at")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=DEFAULT)
    asked = parser.parse_args()
    console = Console()
    try:
        with ProcessPoolExecutor(asked.jobs) as pool:
            seeds = range(FIRST_POSED, FIRST_POSED + asked.posed)
            placed = np.array(list(track(pool.map(poses, seeds), "poses", asked.posed, console=console)))
            seeds = range(FIRST_HEARD, FIRST_HEARD + asked.heard)
            erred = np.array(list(track(pool.map(errors, seeds), "errors", asked.heard, console=console)))
    except EchoPilotError as error:
        sys.exit(f"Error: {error}")
    placed = placed[np.isfinite(placed).all(axis=1)]
    second = [_second_moment(of_view) for of_view in erred.swapaxes(0, 1)]
    np.savez(
        asked.out,
        views=np.array([int(v) for v in VIEWS], dtype=np.int16),
        mean=placed.mean(axis=0).astype(np.float32),
        covariance=np.cov(placed.T).astype(np.float32),
        errors=np.array(second, dtype=np.float32),
    )
    scatter = placed.std(axis=0)
    for n, view in enumerate(VIEWS):
        for name, sd in (("scatter", scatter[SIZE * n : SIZE * n + SIZE]), ("error", np.sqrt(np.diag(second[n])))):
            turn = " ".join(f"{math.degrees(a):4.1f}" for a in sd[:3])
            console.print(
                f"{view.name:8s} {name:7s} turn {turn} deg, left {1e3 * sd[3]:4.1f}, up {1e3 * sd[4]:4.1f} mm"
            )
    console.print(f"{len(placed)} patients placed, {len(erred)} looked at: {asked.out}")


if __name__ == "__main__":
    main()
