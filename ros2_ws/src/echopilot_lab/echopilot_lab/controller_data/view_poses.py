"""Joint distribution of the view poses of one heart, and error of the network's guidance in each view.

The poses are those of virtual patients of the training range, in body axes from pointed landmarks. The errors are
measured with an ideal robot on validation patients: guidance averaged over the refinement pattern of the controller,
started off the prior as in a trial. The controller conditions the distribution on the poses that it has found
(`echopilot_control.search.view_pose_model`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from echopilot_control.search.fusion import TargetFuser
from echopilot_control.search.pose_rounds import dither_pose
from echopilot_control.search.priors import PRIORS
from echopilot_control.search.view_pose_model import SIZE, view_coordinates
from echopilot_control.search.windows import WINDOW_OF
from echopilot_core import Array, EchoPilotError, Preset, ScannerSettings, View, se3
from echopilot_lab.controller_data.development_patients import REST, development_seeds, pointed_axes
from echopilot_lab.datasets.probe_pose_sampling import frame_state_at, on_skin
from echopilot_lab.trials.start_offset import USUAL
from echopilot_lab.util.atomic_output import whole_file
from echopilot_lab.util.parallel import run_all
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import Anatomy, build, sample_patient
from echopilot_sim.anatomy.torso.skin import Skin as Trunk
from echopilot_sim.anatomy.vessels import tree as vessel_tree
from echopilot_sim.anatomy.views import standard_views
from echopilot_sim.bmode import Renderer
from echopilot_sim.frame_state import Phases

VIEWS = tuple(WINDOW_OF)
FIRST_POSE_SEED, FIRST_ERROR_SEED = 1_000, 500_130  # training and validation range
POSE_PATIENTS, ERROR_PATIENTS = 400, 60
BREATH_PERIOD_S, HEART_RATE_HZ, ROUND_S = 4.0, 1.1, 5.5
FRAMES_PER_ROUND = (12, 16, 16, 16)  # at the start pose, then around the mean of the previous round
MIN_QUALITY = 0.08
PRESSED_M = 0.006
ROUNDING = np.array([0.01] * 3 + [0.0005] * 2)  # [rad, m]


@dataclass(frozen=True)
class ViewPoseStatistics:
    """Contents of `view_poses.npz`.

    Attributes:
        mean: (5 n + 2,) coordinates of the n views and the two lengths of the patient [rad, m].
        covariance: (5 n + 2, 5 n + 2) of the same.
        errors: (n, 5, 5) second moments of the guidance errors; NaN for a view without guidance.
        pose_patients: Patients that have all views.
        error_patients: Patients on which guidance was measured.
    """

    mean: Array
    covariance: Array
    errors: Array
    pose_patients: int
    error_patients: int

    def save(self, path: Path) -> None:
        """Write the file that the controller reads."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as partial_path, partial_path.open("wb") as file:
            np.savez(
                file,
                views=np.array([int(v) for v in VIEWS], dtype=np.int16),
                mean=self.mean.astype(np.float32),
                covariance=self.covariance.astype(np.float32),
                errors=self.errors.astype(np.float32),
            )


def tune_view_poses(
    console: Console,
    out: Path,
    patients: int = POSE_PATIENTS,
    seed: int = FIRST_POSE_SEED,
    error_patients: int = ERROR_PATIENTS,
    error_seed: int = FIRST_ERROR_SEED,
    jobs: int = 2,
) -> dict[str, Any]:
    """Measure poses and errors, print their standard deviations and write them to `out`.

    Returns:
        Standard deviations of poses and errors by view [deg, mm].

    Raises:
        EchoPilotError: Seeds outside the development range, or fewer than two patients that have all views.
    """
    statistics = measure_view_poses(
        console, development_seeds(seed, patients), development_seeds(error_seed, error_patients), jobs
    )
    statistics.save(out)
    figures: dict[str, Any] = {}
    scatter = np.sqrt(np.diag(statistics.covariance))
    for n, view in enumerate(VIEWS):
        of_view = {
            "scatter": scatter[SIZE * n : SIZE * (n + 1)],
            "error": np.sqrt(np.diag(statistics.errors[n])),
        }
        for name, sd in of_view.items():
            turn_deg, step_mm = [math.degrees(a) for a in sd[:3]], [1e3 * float(s) for s in sd[3:]]
            figures.setdefault(view.name, {})[name] = {"turn_deg": turn_deg, "step_mm": step_mm}
            turn = " ".join(f"{a:4.1f}" for a in turn_deg)
            console.print(f"{view.name:8s} {name:7s} turn {turn} deg, left {step_mm[0]:4.1f}, up {step_mm[1]:4.1f} mm")
    counts = {"pose_patients": statistics.pose_patients, "error_patients": statistics.error_patients}
    console.print(f"poses of {counts['pose_patients']}, errors of {counts['error_patients']} patients: {out}")
    return {**counts, "views": figures}


def measure_view_poses(console: Console, pose_seeds: range, error_seeds: range, jobs: int) -> ViewPoseStatistics:
    """The statistics over patients; raises EchoPilotError with fewer than two patients that have all views."""
    poses = np.array(run_all(patient_coordinates, pose_seeds, jobs, console, "view poses"))
    errors = np.array(run_all(guidance_errors, error_seeds, jobs, console, "guidance errors"))
    complete = poses[np.isfinite(poses).all(axis=1)]
    if len(complete) < 2:
        raise EchoPilotError(f"{len(complete)} of {len(poses)} patients have all views; at least 2 are needed")
    return ViewPoseStatistics(
        mean=complete.mean(axis=0),
        covariance=np.cov(complete.T),
        errors=np.array([_second_moment(of_view) for of_view in errors.swapaxes(0, 1)]),
        pose_patients=len(complete),
        error_patients=len(errors),
    )


def shipped_file() -> Path:
    """The file that the controller reads."""
    return Path(str(files("echopilot_control.search").joinpath("view_poses.npz")))


def patient_coordinates(seed: int) -> Array:
    """Coordinates (5 n + 2,) of all views of a patient and the two lengths; NaN where there is no such view."""
    patient = sample_patient(seed)
    trunk, axes = Trunk(patient.torso, patient.heart), pointed_axes(patient)
    window, vessels = standard_views.parasternal_window(patient, trunk), vessel_tree.build(patient)
    found = []
    for view in VIEWS:
        target = standard_views.target(patient, trunk, vessels, window, view, REST)
        missing = np.full(SIZE, np.nan)
        found.append(missing if target is None else view_coordinates(view, patient.T_base_patient @ target, axes))
    return np.concatenate([*found, [axes.sternum_m, axes.abdomen_m]])


class IdealRobot:
    """A probe that reaches each pose on one patient at once; heart beat and breathing go on between frames."""

    def __init__(self, anatomy: Anatomy, perception: Perception) -> None:
        self._anatomy, self._perception = anatomy, perception
        self._renderer, self._frames, self._time_s = Renderer(anatomy, "fast"), 0, 0.0

    def mean_target(self, view: View, frames: int, pose_at: Callable[[float], Array]) -> Array | None:
        """Mean pose (4, 4) of a view by guidance, over `frames` at poses of shares 0..1; None without guidance."""
        mean = TargetFuser(forgets=False)
        for k in range(frames):
            self._time_s += ROUND_S / frames
            self._frames += 1
            breathing = 0.5 - 0.5 * math.cos(2.0 * math.pi * self._time_s / BREATH_PERIOD_S)
            phases = Phases((self._time_s * HEART_RATE_HZ) % 1.0, breathing)
            T = self.on_skin(pose_at(k / frames), phases, PRESSED_M)
            frame_state = frame_state_at(
                self._anatomy, T, phases, ScannerSettings(Preset.CARDIAC), self._frames, self._frames
            )
            result = self._perception.see(self._renderer.render(frame_state))
            guidance = result.guidance_to(view)
            if guidance is not None and result.quality >= MIN_QUALITY:
                mean.update(frame_state.stamp_ns, T, guidance)
        return mean.T_base_target

    def on_skin(self, T: Array, phases: Phases, pressed_m: float = 0.0) -> Array:
        """The pose (4, 4) set on the skin and pressed in."""
        return se3.transform(T[:3, :3], on_skin(self._anatomy, T[:3, 3], phases) + pressed_m * T[:3, 2])


def guidance_errors(seed: int) -> Array:
    """Error (n, 5) of guidance in each view after three refinement rounds; NaN where it found nothing."""
    anatomy = build(sample_patient(seed))
    axes, T_base = pointed_axes(anatomy.patient), anatomy.patient.T_base_patient
    robot, result = IdealRobot(anatomy, Perception()), np.full((len(VIEWS), SIZE), np.nan)
    for n, view in enumerate(VIEWS):
        target = anatomy.view_target(view, REST)
        if target is None:
            continue
        offset = USUAL.draw(seed, view)
        point = PRIORS[view].point_m(axes) + offset.along_m[0] * axes.left + offset.along_m[1] * axes.superior
        R = axes.R_base_patient @ PRIORS[view].rotation @ se3.so3_exp(offset.rotation_rad)
        T = robot.on_skin(se3.inverse(T_base) @ se3.transform(R, point), REST)
        found = robot.mean_target(view, FRAMES_PER_ROUND[0], partial(_constant, T))
        for frames in FRAMES_PER_ROUND[1:]:
            if found is not None:
                found = robot.mean_target(view, frames, partial(dither_pose, robot.on_skin(found, REST)))
        if found is not None:
            found = T_base @ robot.on_skin(found, REST)
            result[n] = view_coordinates(view, found, axes) - view_coordinates(view, T_base @ target, axes)
    return result


def _constant(T: Array, _: float) -> Array:
    return T


def _second_moment(errors: Array) -> Array:
    """Of rows (n, 5) that may be NaN; NaN (5, 5) for a view that the network gives no guidance to."""
    known = errors[np.isfinite(errors).all(axis=1)]
    return known.T @ known / len(known) + np.diag(ROUNDING**2) if len(known) else np.full((SIZE, SIZE), np.nan)
