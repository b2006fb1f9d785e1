"""Pose errors of the probe against the standard views."""

import math
from dataclasses import dataclass

import numpy as np

from echopilot_core import Array, View, se3
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.anatomy.views.aortic_views import station_at
from echopilot_sim.frame_state import FrameState

SCORED_VIEWS = (
    View.PLAX,
    View.PSAX_AV,
    View.PSAX_MV,
    View.PSAX_PM,
    View.A4C,
    View.A5C,
    View.A2C,
    View.A3C,
    View.SC4C,
    View.SC_IVC,
    View.AORTA_TRANS,
    View.AORTA_LONG,
)
ANGLE_SCALE_RAD, OFFSET_SCALE_M = math.radians(15.0), 0.015  # "near" of the design


@dataclass(frozen=True)
class ViewError:
    """Pose error against one standard view.

    `angle_rad` is the geodesic angle of the full rotation, `offset_m` the distance of the face centers along the
    skin, `motion` (6,) the log (se3.log) of `T_probe_target` [m, rad]. For aortic views the target is the one at
    the probe's own station: any station along the vessel is right.
    """

    view: View
    angle_rad: float
    offset_m: float
    motion: Array

    @property
    def distance(self) -> float:
        """Error in units of "near" (15 degrees, 15 mm): the larger of the two."""
        return max(self.angle_rad / ANGLE_SCALE_RAD, self.offset_m / OFFSET_SCALE_M)


def view_errors(anatomy: Anatomy, frame_state: FrameState) -> tuple[ViewError, ...]:
    """Errors against every standard view that the patient has."""
    station_m = math.nan
    if anatomy.vessels.has_abdominal_aorta:
        station_m = station_at(anatomy.vessels, anatomy.skin, frame_state.T_patient_probe, frame_state.phases)
    errors = []
    for view in SCORED_VIEWS:
        target = anatomy.view_target(view, frame_state.phases, station_m)
        if target is not None:
            errors.append(_error(anatomy, frame_state, view, target))
    return tuple(errors)


def _error(anatomy: Anatomy, frame_state: FrameState, view: View, target: Array) -> ViewError:
    pose = frame_state.T_patient_probe
    normal = anatomy.skin_normal(target[None, :3, 3], frame_state.phases)[0]
    step = pose[:3, 3] - target[:3, 3]
    along = step - (step @ normal) * normal
    return ViewError(
        view=view,
        angle_rad=se3.angle_between(pose[:3, :3], target[:3, :3]),
        offset_m=float(np.linalg.norm(along)),
        motion=se3.log(se3.inverse(pose) @ target),
    )


def nearest(errors: tuple[ViewError, ...]) -> ViewError | None:
    """The view that the probe is closest to; None for a patient without any."""
    return min(errors, key=lambda e: e.distance, default=None)
