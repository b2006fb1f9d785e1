"""Statistical model of the poses of all views of one heart: a joint Gaussian, conditioned on the views found."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from echopilot_control.body_axes import BodyAxes
from echopilot_control.search.priors import PRIORS
from echopilot_control.vectors import project_orthogonal
from echopilot_core import Array, View, se3
from echopilot_core.guarded.array_input import read_arrays
from echopilot_core.guarded.bounded import InputFileError

MAX_BYTES = 1_000_000  # of the unpacked file
SIZE = 5  # of the coordinates of a view
_LENGTHS = 2  # of the patient, behind the coordinates
_REAL_PEOPLE = 2.0  # variance of real patients over that of virtual ones, which are all drawn from one model
_LENGTHS_M2 = 1e-8  # the two lengths of the patient are given, not measured
_START_SD = np.array([0.17, 0.17, 0.17, 0.015, 0.015])  # of the pose at which a search begins
_STEEPEST = 0.25  # squared sine between skin and a direction of the body; below, no step along the skin follows it


@dataclass(frozen=True)
class JointViewPoses:
    """Mean (5 n + 2,) and covariance of the coordinates of `views` and of the patient's lengths [rad, m], and the
    second moment (n, 5, 5) of the error of the network in each view after a round."""

    views: tuple[View, ...]
    mean: Array
    covariance: Array
    errors: Array


@cache
def joint_view_poses() -> JointViewPoses:
    """As measured by `echopilot tune view-poses` on virtual patients."""
    return read_view_poses(Path(__file__).with_name("view_poses.npz"))


def read_view_poses(path: Path) -> JointViewPoses:
    """A file that `echopilot tune view-poses` wrote; InputFileError for anything else."""
    kept = read_arrays(path, ("views", "mean", "covariance", "errors"), MAX_BYTES)
    mean, covariance, errors = (kept[name] for name in ("mean", "covariance", "errors"))
    n = kept["views"].size
    size = SIZE * n + _LENGTHS
    if (mean.shape, covariance.shape, errors.shape) != ((size,), (size, size), (n, SIZE, SIZE)):
        raise InputFileError(f"{path.name}: the arrays do not fit {n} views")
    if any(a.dtype.kind != "f" or not np.isfinite(a).all() for a in (mean, covariance, errors)):
        raise InputFileError(f"{path.name} holds numbers that are not finite")
    known = {int(view) for view in View}
    if kept["views"].dtype.kind not in "iu" or not set(kept["views"].ravel().tolist()) <= known:
        raise InputFileError(f"{path.name} names a view that does not exist")
    views = tuple(View(int(v)) for v in kept["views"].ravel())
    return JointViewPoses(views, *(np.asarray(a, np.float64) for a in (mean, covariance, errors)))


def view_coordinates(view: View, T_base_view: Array, axes: BodyAxes) -> Array:
    """A pose as (5,): rotation vector from its prior in its own axes [rad], steps from it to the left and up [m]."""
    prior = PRIORS[view]
    R_prior = axes.R_base_patient @ prior.rotation
    step = T_base_view[:3, 3] - prior.point_m(axes)
    return np.concatenate([se3.so3_log(R_prior.T @ T_base_view[:3, :3]), [step @ axes.left, step @ axes.superior]])


def expected_coordinates(
    view: View, found: Mapping[View, Array], axes: BodyAxes, guess: Array | None = None
) -> Array | None:
    """Coordinates (5,) of a view, given those found of views of the same heart; None for a view without statistics.

    An observation of `view` itself counts too when it is in `found`, and so does a `guess` of it. The joint Gaussian is
    conditioned on all of them, each with its own error (Bishop 2006, eq. 2.81).
    """
    joint = joint_view_poses()
    if view not in joint.views:
        return None
    at = {v: slice(SIZE * k, SIZE * (k + 1)) for k, v in enumerate(joint.views)}
    observed = [(at[v], value, joint.errors[joint.views.index(v)]) for v, value in found.items() if v in at]
    if guess is not None:
        observed.append((at[view], guess, np.diag(_START_SD**2)))
    lengths = np.array([axes.sternum_m, axes.abdomen_m])
    observed.append((slice(SIZE * len(at), SIZE * len(at) + 2), lengths, np.diag([_LENGTHS_M2, _LENGTHS_M2])))
    mean, covariance = joint.mean, _REAL_PEOPLE * joint.covariance
    for where, value, error in observed:
        cross = covariance[where]
        gain = np.linalg.solve(cross[:, where] + error, cross).T
        mean = mean + gain @ (value - mean[where])
        covariance = covariance - gain @ cross
    return np.asarray(mean[at[view]])


def pose_from_coordinates(view: View, wanted: Array, T_base_view: Array, axes: BodyAxes, outward: Array) -> Array:
    """The pose (4, 4) with the coordinates `wanted` (5,), reached from `T_base_view` by a step along the skin.

    A direction of the body that is steep to the skin, whose outward normal (3,) is given, is not followed.
    """
    R = axes.R_base_patient @ PRIORS[view].rotation @ se3.so3_exp(wanted[:3])
    missing = wanted[3:] - view_coordinates(view, T_base_view, axes)[3:]
    along = np.stack([project_orthogonal(axes.left, outward), project_orthogonal(axes.superior, outward)])
    step = np.linalg.pinv(along @ along.T, rcond=_STEEPEST) @ missing @ along
    return se3.transform(R, T_base_view[:3, 3] + step)
