"""The acoustic windows that views share: where one was found, its neighbours enter too (ASE, Mitchell et al. 2019)."""

from enum import Enum

import numpy as np
from numpy.typing import NDArray

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
SHARES = {Window.PARASTERNAL: 0.85, Window.APICAL: 0.5, Window.SUBCOSTAL: 0.5}
"""Of the way to where the neighbour was found: short axes alone miss the place by 10 to 20 mm, the long axis by 5 mm;
apical views miss it by 3 mm, each alone."""
FARTHEST_M = 0.035  # a window farther off is another one
AIM_M = 0.080  # depth of what the view shows


def window_m(found_m: dict[View, Array], view: View) -> Array | None:
    """Where (3,) other views of the window of `view` were found, on average; None when none was."""
    window = WINDOW_OF.get(view)
    others = [point for other, point in found_m.items() if other is not view and WINDOW_OF.get(other) is window]
    return None if window is None or not others else np.asarray(np.mean(others, axis=0))


def drawn_to(T_base_view: Array, view: View, window_m: Array | None, outward: Array) -> Array:
    """A believed pose (4, 4) of a view, drawn along the skin towards where its neighbour was found.

    `window_m` (3,) is that place, `outward` (3,) the normal of the skin, both in base.

    A picture hardly tells a slide from a tilt that shows the same structure. So the pose turns as it moves, and what
    lies at AIM_M on its beam stays there.
    """
    window = WINDOW_OF.get(view)
    if window_m is None or window is None:
        return T_base_view
    R, p = T_base_view[:3, :3], T_base_view[:3, 3]
    step = across(window_m - p, outward)
    if float(np.linalg.norm(step)) > FARTHEST_M:
        return T_base_view
    step = SHARES[window] * step
    beam = AIM_M * R[:, 2] - step
    beam = beam / float(np.linalg.norm(beam))
    axis = np.cross(R[:, 2], beam)
    sine = float(np.linalg.norm(axis))
    turn = np.eye(3) if sine < 1e-9 else se3.so3_exp(axis / sine * np.arctan2(sine, float(R[:, 2] @ beam)))
    return se3.transform(turn @ R, p + step)
