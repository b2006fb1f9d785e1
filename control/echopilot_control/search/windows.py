"""The acoustic windows that views share: where one was found, its neighbours enter too (ASE, Mitchell et al. 2019)."""

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from echopilot_control.body_axes import BodyAxes
from echopilot_control.search.priors import PRIORS
from echopilot_control.servo.motion import across
from echopilot_core import View, se3

Array = NDArray[np.float64]


class Window(Enum):
    """Where a probe stands for several views, which differ by rotation and tilt."""

    PARASTERNAL = "parasternal"
    APICAL = "apical"
    SUBCOSTAL = "subcostal"


WINDOW_OF = {
    **dict.fromkeys((View.PLAX, View.PSAX_AV, View.PSAX_MV, View.PSAX_PM), Window.PARASTERNAL),
    **dict.fromkeys((View.A4C, View.A5C, View.A2C, View.A3C), Window.APICAL),
    **dict.fromkeys((View.SC4C, View.SC_IVC), Window.SUBCOSTAL),
}
SHARE = 0.5  # of the way to where the neighbour was found: each alone misses the place by about as much
SIDE_SHARES = {Window.PARASTERNAL: 0.8, Window.SUBCOSTAL: 0.8}
"""Of the way sideways to the prior: beside the breast bone and on the midline windows scatter by 4 and 2 mm, what the
network says by 5."""
SCOUTS = {View.PLAX: View.PSAX_PM}
"""Views whose place is found in another view of their window. Turned about the long axis of the ventricle, a long-axis
view still looks like one, to eye and network; slid along the skin with it, the short axis leaves its level."""
FARTHEST_M = 0.035  # a window farther off is another one
AIM_M = 0.080  # depth of what the view shows
_FLATTEST = 0.25  # squared sine of skin against the side: on the flank a step along the skin is none to the side


def window_m(found_m: dict[View, Array], view: View) -> Array | None:
    """Where (3,) other views of the window of `view` were found, on average; None when none was."""
    window = WINDOW_OF.get(view)
    others = [point for other, point in found_m.items() if other is not view and WINDOW_OF.get(other) is window]
    return None if window is None or not others else np.asarray(np.mean(others, axis=0))


def turned_to(R_base_view: Array, view: View, other: View) -> Array:
    """Rotation (3, 3) for `other` where `view` has `R_base_view`, by how the priors of the two are turned."""
    R, R_other = (se3.look_along(np.array(PRIORS[v].beam), np.array(PRIORS[v].marker)) for v in (view, other))
    return np.asarray(R_base_view @ R.T @ R_other)


def drawn_to(T_base_view: Array, window_m: Array | None, outward: Array, share: float = SHARE) -> Array:
    """A believed pose (4, 4), drawn along the skin by a share of the way to where a view of its window was found.

    `window_m` (3,) is that place, `outward` (3,) the normal of the skin, both in base.
    """
    if window_m is None:
        return T_base_view
    step = across(window_m - T_base_view[:3, 3], outward)
    if float(np.linalg.norm(step)) > FARTHEST_M:
        return T_base_view
    return slid(T_base_view, share * step)


def drawn_sideways(T_base_view: Array, view: View, axes: BodyAxes, outward: Array) -> Array:
    """A believed pose (4, 4), drawn sideways along the skin to where its window lies beside the midline."""
    share = SIDE_SHARES.get(WINDOW_OF[view], 0.0) if view in WINDOW_OF else 0.0
    left = across(axes.left, outward)
    steepness = float(left @ left)
    if share == 0.0 or steepness < _FLATTEST:
        return T_base_view
    missing = PRIORS[view].left * axes.sternum_m - float((T_base_view[:3, 3] - axes.xiphoid_m) @ axes.left)
    return slid(T_base_view, share * missing / steepness * left)


def slid(T_base_view: Array, step_m: Array) -> Array:
    """A pose (4, 4) moved by a step (3,) [m] and turned, so that what lies at AIM_M on its beam stays there.

    A picture hardly tells a slide from a tilt that shows the same structure.
    """
    R = T_base_view[:3, :3]
    beam = AIM_M * R[:, 2] - step_m
    beam = beam / float(np.linalg.norm(beam))
    axis = np.cross(R[:, 2], beam)
    sine = float(np.linalg.norm(axis))
    turn = np.eye(3) if sine < 1e-9 else se3.so3_exp(axis / sine * np.arctan2(sine, float(R[:, 2] @ beam)))
    return se3.transform(turn @ R, T_base_view[:3, 3] + step_m)
