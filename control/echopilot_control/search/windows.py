"""The acoustic windows that views share: where one was found, its neighbours enter too (ASE, Mitchell et al. 2019)."""

from collections.abc import Collection
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from echopilot_control.search.priors import PRIORS
from echopilot_core import View

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
SCOUTS = {View.PLAX: View.PSAX_PM}
"""Views whose place is found in another view of their window. Turned about the long axis of the ventricle, a long-axis
view still looks like one, to eye and network; slid along the skin with it, the short axis leaves its level."""


def scout_for(view: View, found: Collection[View]) -> View | None:
    """The view that finds the place of `view` first; None when a view of its window was found already."""
    known = any(WINDOW_OF.get(other) is WINDOW_OF.get(view) for other in found)
    return None if known else SCOUTS.get(view)


def turned_to(R_base_view: Array, view: View, other: View) -> Array:
    """Rotation (3, 3) for `other` where `view` has `R_base_view`, by how the priors of the two are turned."""
    return np.asarray(R_base_view @ PRIORS[view].rotation.T @ PRIORS[other].rotation)
