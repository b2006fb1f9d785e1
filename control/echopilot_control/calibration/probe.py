"""Probe calibration: pose of the image in the frame of the tracked marker (the flange), with residuals."""

from dataclasses import dataclass

import numpy as np

from echopilot_control.calibration.linear import robust_linear
from echopilot_control.calibration.phantom import Flags, NWirePhantom
from echopilot_control.calibration.refine import (
    ImagePlane,
    in_plane_errors_m,
    nearest_plane,
    phantom_in_marker,
    refine_plane,
)
from echopilot_core import Array, EchoPilotError, se3

LEAST_FRAMES = 10
LEAST_TURN_RAD = np.radians(2.0)
LEAST_TRAVEL_M = 2e-3
_STRETCHES = 5


@dataclass(frozen=True)
class ProbeResiduals:
    """Root mean squares [m] over the frames kept; `wires_m` in the order of the phantom's names (P, 3).

    The recording is cut into five stretches of time, and each is left out once: `unseen_m` is the in-plane RMS of the
    stretches left out, `moved_m` and `moved_rad` how far the plane moved at worst, over the imaged area and as an
    angle. Neighboring frames share their errors, so halves of every other frame would agree too well.
    """

    in_plane_m: float
    out_of_plane_m: float
    middle_m: float
    wires_m: Array
    unseen_m: float
    moved_m: float
    moved_rad: float


@dataclass(frozen=True)
class ProbeCalibration:
    """The plane, its residuals, the in-plane RMS of each frame (F,) [m] and the mask (F,) of those kept."""

    plane: ImagePlane
    residuals: ProbeResiduals
    frame_errors_m: Array
    kept: Flags

    @property
    def frames(self) -> int:
        """How many frames the figures stand on."""
        return int(self.kept.sum())


def calibrate_probe(phantom: NWirePhantom, points_px: Array, T_phantom_marker: Array) -> ProbeCalibration:
    """Solve from wire points (F, P, 3, 2) [px] and poses (F, 4, 4) of the marker in the phantom.

    Linear least squares over the middle wires finds frames that agree, a non-linear fit over all wires makes it rigid
    (Carbajal et al. 2013, IJCARS 8). Raises EchoPilotError when the frames cannot tell the plane.
    """
    _check(phantom, points_px, T_phantom_marker)
    middles = zip(T_phantom_marker, phantom.middle_points_m(points_px), strict=True)
    middles_m = np.array([se3.apply(se3.inverse(T), points_m) for T, points_m in middles])
    ends_m = phantom_in_marker(phantom.ends_m, T_phantom_marker)
    M, kept = robust_linear(points_px[:, :, 1], middles_m)
    _check_variety(phantom, points_px[kept], T_phantom_marker[kept])
    plane = refine_plane(nearest_plane(M), points_px[kept], ends_m[kept])
    errors = _frame_rms(in_plane_errors_m(plane, points_px, ends_m))
    median = float(np.median(errors[kept]))
    kept = kept & (errors <= max(3.0 * median, 1e-6))
    _check_variety(phantom, points_px[kept], T_phantom_marker[kept])
    plane = refine_plane(plane, points_px[kept], ends_m[kept])
    errors = _frame_rms(in_plane_errors_m(plane, points_px, ends_m))
    return ProbeCalibration(plane, _residuals(plane, points_px[kept], middles_m[kept], ends_m[kept]), errors, kept)


def _residuals(plane: ImagePlane, points_px: Array, middles_m: Array, ends_m: Array) -> ProbeResiduals:
    errors = in_plane_errors_m(plane, points_px, ends_m)
    in_image = se3.apply(se3.inverse(plane.T_marker_image), middles_m)
    seen = np.concatenate([points_px[:, :, 1] * plane.spacing_m, np.zeros((*in_image.shape[:2], 1))], axis=-1)
    stretches = np.array_split(np.arange(len(points_px)), _STRETCHES)
    rest = [np.delete(np.arange(len(points_px)), out) for out in stretches]
    without = [refine_plane(plane, points_px[k], ends_m[k]) for k in rest]
    unseen = [in_plane_errors_m(p, points_px[k], ends_m[k]) for p, k in zip(without, stretches, strict=True)]
    R = plane.T_marker_image[:3, :3]
    return ProbeResiduals(
        in_plane_m=_rms(errors),
        out_of_plane_m=float(np.sqrt(np.mean(in_image[..., 2] ** 2))),
        middle_m=_rms(in_image - seen),
        wires_m=np.sqrt(np.mean(np.sum(errors**2, axis=-1), axis=0)),
        unseen_m=_rms(np.concatenate(unseen)),
        moved_m=max(plane_distance_m(plane, p, points_px) for p in without),
        moved_rad=max(se3.angle_between(R, p.T_marker_image[:3, :3]) for p in without),
    )


def plane_distance_m(a: ImagePlane, b: ImagePlane, points_px: Array) -> float:
    """Largest distance [m] between where two calibrations put the corners of the area that holds the points."""
    low, high = points_px.reshape(-1, 2).min(axis=0), points_px.reshape(-1, 2).max(axis=0)
    corners = np.array([[x, y] for x in (low[0], high[0]) for y in (low[1], high[1])])
    placed = [
        se3.apply(p.T_marker_image, np.concatenate([corners * p.spacing_m, np.zeros((4, 1))], axis=1)) for p in (a, b)
    ]
    return float(np.linalg.norm(placed[0] - placed[1], axis=1).max())


def _check(phantom: NWirePhantom, points_px: Array, T_phantom_marker: Array) -> None:
    rows = len(phantom.ends_m)
    if points_px.ndim != 4 or points_px.shape[1:] != (rows, 3, 2) or T_phantom_marker.shape != (len(points_px), 4, 4):
        raise EchoPilotError(
            f"needed: wire points (frames, {rows}, 3, 2) and as many poses (4, 4); "
            f"got {points_px.shape} and {T_phantom_marker.shape}"
        )
    if len(points_px) < LEAST_FRAMES:
        raise EchoPilotError(f"{len(points_px)} frames show the whole phantom; at least {LEAST_FRAMES} are needed")
    if not np.isfinite(points_px).all():
        raise EchoPilotError("a wire point is not a finite number")
    if not all(se3.is_rigid(T, 1e-4) for T in T_phantom_marker):
        raise EchoPilotError("a tracked pose is not a rigid motion")


def _check_variety(phantom: NWirePhantom, points_px: Array, T_phantom_marker: Array) -> None:
    if len(points_px) < LEAST_FRAMES:
        raise EchoPilotError(f"only {len(points_px)} frames agree; at least {LEAST_FRAMES} are needed")
    mean = np.linalg.svd(T_phantom_marker[:, :3, :3].mean(axis=0))
    R = mean[0] @ mean[2]
    turn = float(np.percentile([se3.angle_between(R, T[:3, :3]) for T in T_phantom_marker], 95))
    if turn < LEAST_TURN_RAD:
        raise EchoPilotError(
            f"the probe hardly turned ({np.degrees(turn):.1f} deg from its mean); "
            f"tilt and turn it by {np.degrees(LEAST_TURN_RAD):.0f} deg or more"
        )
    middles = phantom.middle_points_m(points_px)
    travel = float(np.ptp(middles, axis=0).max())
    if travel < LEAST_TRAVEL_M:
        raise EchoPilotError(
            f"the image moved by {1e3 * travel:.1f} mm along the wires; {1e3 * LEAST_TRAVEL_M:.0f} mm are needed"
        )


def _frame_rms(errors: Array) -> Array:
    """RMS (F,) of the lengths of error vectors (F, ..., D)."""
    return np.asarray(np.sqrt(np.sum(errors**2, axis=-1).reshape(len(errors), -1).mean(axis=1)))


def _rms(errors: Array) -> float:
    """RMS of the lengths of error vectors (..., D)."""
    return float(np.sqrt(np.mean(np.sum(errors**2, axis=-1))))
