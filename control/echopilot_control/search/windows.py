"""Acoustic windows shared by views (ASE, Mitchell et al. 2019), and proxy views for views that do not localize."""

from collections.abc import Collection
from enum import Enum

import numpy as np

from echopilot_control.search.priors import PRIORS
from echopilot_core import Array, View


class Window(Enum):
    """Position of the probe shared by several views, which differ by rotation and tilt."""

    PARASTERNAL = "parasternal"
    APICAL = "apical"
    SUBCOSTAL = "subcostal"


WINDOW_OF = {
    **dict.fromkeys((View.PLAX, View.PSAX_AV, View.PSAX_MV, View.PSAX_PM), Window.PARASTERNAL),
    **dict.fromkeys((View.A4C, View.A5C, View.A2C, View.A3C), Window.APICAL),
    **dict.fromkeys((View.SC4C, View.SC_IVC), Window.SUBCOSTAL),
}
PROXY_VIEWS = {View.PLAX: View.PSAX_PM}
"""Views whose position is found in another view of their window. A probe that moves along the chest and stays aimed at
the ventricle keeps showing a valid long-axis view, so that view does not localize it; the short axis changes level."""


def proxy_view_for(view: View, found: Collection[View]) -> View | None:
    """The view by which the position of `view` is found first; None when a view of its window was found already."""
    known = any(WINDOW_OF.get(other) is WINDOW_OF.get(view) for other in found)
    return None if known else PROXY_VIEWS.get(view)


def rotation_to_view(R_base_view: Array, view: View, other: View) -> Array:
    """Rotation (3, 3) for `other` where `view` has `R_base_view`, by how the priors of the two are turned."""
    return np.asarray(R_base_view @ PRIORS[view].rotation.T @ PRIORS[other].rotation)
