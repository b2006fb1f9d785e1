"""Priors of the view search, computed from virtual patients, beside the shipped table.

A prior is the median point on the skin and the mean direction of beam and marker of a view over the patients, in body
axes from pointed landmarks (`echopilot_control.search.priors`). How far down the aorta a search starts is chosen, not
measured: those priors are taken at the height of the shipped ones.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from echopilot_control.search.priors import PRIORS, Prior
from echopilot_core import Array, EchoPilotError, View, se3
from echopilot_lab.controller_data.development_patients import REST, development_seeds, pointed_axes
from echopilot_lab.datasets.probe_pose_sampling import AORTIC
from echopilot_lab.util.parallel import run_all
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.anatomy.torso.skin import Skin as Trunk
from echopilot_sim.anatomy.vessels import tree as vessel_tree
from echopilot_sim.anatomy.views import aortic_views, standard_views

VIEWS = tuple(PRIORS)
FIRST_SEED, PATIENTS = 1_000, 150
ROW = 2 + 3 + 3  # left, superior, beam, marker
USUAL_STERNUM_M, USUAL_ABDOMEN_M = 0.19, 0.17  # to print a difference of priors in millimeters


@dataclass(frozen=True)
class PriorDifference:
    """Distance between two priors: along the skin on a patient of usual size, and as the angle of the rotation."""

    left_mm: float
    superior_mm: float
    turn_deg: float


def tune_priors(console: Console, patients: int = PATIENTS, seed: int = FIRST_SEED, jobs: int = 2) -> dict[str, Any]:
    """Compute the priors, print them beside the shipped ones.

    The shipped table is source text (`echopilot_control.search.priors.PRIORS`) and is never changed by this.

    Raises:
        EchoPilotError: Seeds outside the development range, or a view that no patient has.
    """
    rows = np.array(
        run_all(prior_coordinates, development_seeds(seed, patients), jobs, console, "poses of the standard views")
    )
    computed = priors_of(rows)
    table = Table(title=f"priors over {patients} patients from seed {seed}, each above the shipped one")
    for heading in ("view", "left", "superior", "beam", "marker", "left mm", "up mm", "turn deg"):
        table.add_column(heading)
    figures: dict[str, Any] = {"patients": patients, "seed": seed, "views": {}}
    for view, prior in computed.items():
        shipped, apart = PRIORS[view], difference(prior, PRIORS[view])
        apart_texts = (f"{apart.left_mm:.1f}", f"{apart.superior_mm:.1f}", f"{apart.turn_deg:.1f}")
        table.add_row(view.name, *_texts(prior), *apart_texts)
        table.add_row("  shipped", *_texts(shipped), style="dim")
        figures["views"][view.name] = {
            "computed": vars(prior),
            "shipped": vars(shipped),
            "difference": vars(apart),
        }
    console.print(table)
    return figures


def prior_coordinates(seed: int) -> Array:
    """Rows (n, 8) of the views of a patient: left and superior in lengths of the body, beam and marker; else NaN."""
    patient = sample_patient(seed)
    trunk, axes = Trunk(patient.torso, patient.heart), pointed_axes(patient)
    window, vessels = standard_views.parasternal_window(patient, trunk), vessel_tree.build(patient)
    rows = np.full((len(VIEWS), ROW), np.nan)
    for n, view in enumerate(VIEWS):
        station_m = math.nan
        if view in AORTIC:
            height = PRIORS[view].superior * axes.abdomen_m * axes.superior
            T_patient_start = se3.inverse(patient.T_base_patient) @ se3.transform(np.eye(3), axes.xiphoid_m + height)
            station_m = aortic_views.station_at(vessels, trunk, T_patient_start, REST)
        target = standard_views.target(patient, trunk, vessels, window, view, REST, station_m)
        if target is None:
            continue
        T = patient.T_base_patient @ target
        step = T[:3, 3] - axes.xiphoid_m
        up_m = float(step @ axes.superior)
        rows[n, 0] = step @ axes.left / axes.sternum_m
        rows[n, 1] = up_m / (axes.sternum_m if up_m >= 0.0 else axes.abdomen_m)
        rows[n, 2:5] = axes.R_base_patient.T @ T[:3, 2]
        rows[n, 5:8] = axes.R_base_patient.T @ T[:3, 0]
    return rows


def priors_of(rows: Array) -> dict[View, Prior]:
    """Priors from the rows (patients, n, 8) of `prior_coordinates`; raises EchoPilotError for a view nobody has."""
    result = {}
    for n, view in enumerate(VIEWS):
        known = rows[np.isfinite(rows[:, n]).all(axis=1), n]
        if not len(known):
            raise EchoPilotError(f"none of {len(rows)} patients has the view {view.name}")
        left, superior = (float(value) for value in np.median(known[:, :2], axis=0))
        result[view] = Prior(left, superior, _direction(known[:, 2:5]), _direction(known[:, 5:8]))
    return result


def difference(a: Prior, b: Prior) -> PriorDifference:
    """How far two priors are apart."""
    turn = se3.so3_log(a.rotation.T @ b.rotation)
    along_m = USUAL_STERNUM_M if a.superior >= 0.0 else USUAL_ABDOMEN_M
    return PriorDifference(
        1e3 * USUAL_STERNUM_M * abs(a.left - b.left),
        1e3 * along_m * abs(a.superior - b.superior),
        math.degrees(float(np.linalg.norm(turn))),
    )


def _direction(vectors: Array) -> tuple[float, float, float]:
    """Mean direction (3,) of unit vectors (n, 3)."""
    mean = vectors.mean(axis=0)
    x, y, z = (float(c) for c in mean / float(np.linalg.norm(mean)))
    return x, y, z


def _texts(prior: Prior) -> tuple[str, ...]:
    directions = (" ".join(f"{c:.2f}" for c in direction) for direction in (prior.beam, prior.marker))
    return f"{prior.left:.3f}", f"{prior.superior:.3f}", *directions
