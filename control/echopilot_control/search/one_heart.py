"""How the views of one heart lie to each other: a joint Gaussian of their poses, conditioned on what was found."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from echopilot_control.body_axes import BodyAxes
from echopilot_control.search.priors import PRIORS
from echopilot_control.servo.motion import across
from echopilot_core import View, se3

Array = NDArray[np.float64]

SIZE = 5  # of the coordinates of a view
_REAL_PEOPLE = 2.0  # their variance in units of that of virtual patients, all drawn from one model
_LENGTHS_M2 = 1e-8  # the two lengths of the patient are given, not measured
_START_SD = np.array([0.17, 0.17, 0.17, 0.015, 0.015])  # where a search is begun: a guess
_STEEPEST = 0.25  # squared sine between skin and a direction of the body: beyond, no step along the skin leads there


@dataclass(frozen=True)
class JointPoses:
    """Mean (5 n + 2,) and covariance of the coordinates of `views` and of the patient's lengths [rad, m], and the
    second moment (n, 5, 5) of what the network errs in each view when the probe has looked round it."""

    views: tuple[View, ...]
    mean: Array
    covariance: Array
    errors: Array


@cache
def joint_poses() -> JointPoses:
    """As measured by `benchmarks/view_poses.py` on virtual patients."""
    with files("echopilot_control.search").joinpath("view_poses.npz").open("rb") as file, np.load(file) as kept:
        views = tuple(View(int(v)) for v in kept["views"])
        mean, covariance, errors = (kept[name].astype(np.float64) for name in ("mean", "covariance", "errors"))
    return JointPoses(views, mean, covariance, errors)


def coordinates(view: View, T_base_view: Array, axes: BodyAxes) -> Array:
    """A pose as (5,): rotation vector from its prior in its own axes [rad], steps from it to the left and up [m]."""
    prior = PRIORS[view]
    R_prior = axes.R_base_patient @ prior.rotation
    step = T_base_view[:3, 3] - prior.point_m(axes)
    return np.concatenate([se3.so3_log(R_prior.T @ T_base_view[:3, :3]), [step @ axes.left, step @ axes.superior]])


def expected(view: View, found: Mapping[View, Array], axes: BodyAxes, guess: Array | None = None) -> Array | None:
    """Coordinates (5,) of a view, given those found of views of the same heart; None for a view without statistics.

    What the network said of `view` itself counts too when it is in `found`, and so does a `guess` of it. Conditions
    the joint Gaussian on all of them, each with its own error (Bishop 2006, eq. 2.81).
    """
    joint = joint_poses()
    if view not in joint.views:
        return None
    at = {v: slice(SIZE * k, SIZE * (k + 1)) for k, v in enumerate(joint.views)}
    heard = [(at[v], value, joint.errors[joint.views.index(v)]) for v, value in found.items() if v in at]
    if guess is not None:
        heard.append((at[view], guess, np.diag(_START_SD**2)))
    lengths = np.array([axes.sternum_m, axes.abdomen_m])
    heard.append((slice(SIZE * len(at), SIZE * len(at) + 2), lengths, np.diag([_LENGTHS_M2, _LENGTHS_M2])))
    mean, covariance = joint.mean, _REAL_PEOPLE * joint.covariance
    for where, value, error in heard:
        seen = covariance[where]
        gain = np.linalg.solve(seen[:, where] + error, seen).T
        mean = mean + gain @ (value - mean[where])
        covariance = covariance - gain @ seen
    return np.asarray(mean[at[view]])


def posed(view: View, wanted: Array, T_base_view: Array, axes: BodyAxes, outward: Array) -> Array:
    """The pose (4, 4) with the coordinates `wanted` (5,), reached from `T_base_view` by a step along the skin.

    A direction of the body that is steep to the skin, whose outward normal (3,) is given, is not followed.
    """
    R = axes.R_base_patient @ PRIORS[view].rotation @ se3.so3_exp(wanted[:3])
    missing = wanted[3:] - coordinates(view, T_base_view, axes)[3:]
    along = np.stack([across(axes.left, outward), across(axes.superior, outward)])
    step = np.linalg.pinv(along @ along.T, rcond=_STEEPEST) @ missing @ along
    return se3.transform(R, T_base_view[:3, 3] + step)
