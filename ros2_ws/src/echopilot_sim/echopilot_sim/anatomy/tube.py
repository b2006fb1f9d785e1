"""One vessel: a tube around a centre line, with wall, lumen, thrombus and flap given along it."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class TubeKind(Enum):
    """Decides which materials fill a tube."""

    AORTA = "aorta"  # from the end of the modelled ascending part to the bifurcation
    ILIAC = "iliac"
    CAVA = "cava"
    BRANCH = "branch"  # arteries: coeliac, mesenteric, renal, arch branches
    PORTAL = "portal"  # bright wall
    HEPATIC = "hepatic"  # no visible wall


@dataclass(frozen=True)
class Tube:
    """Cross-sections perpendicular to a centre line of n vertices, in flow direction, at mid pulse.

    `centre_m` (n, 3) in patient; `u` (n, 3) unit normals of the centre line that turn as little as possible along it
    (v = tangent x u). A section is an ellipse of half-axes `outer_m` along u and `flatness * outer_m` along v; its
    lumen is a circle (or ellipse of the same flatness) of radius `lumen_m` shifted by `shift_m` (n, 2) along u and v.
    Between wall (`wall_m` thick) and lumen lies thrombus. A flap cuts the lumen along the line at the signed distance
    `flap_m` (n,) from the centre, with its normal at `flap_rad` (n,) from u; NaN where there is none.
    """

    name: str
    kind: TubeKind
    centre_m: Array
    u: Array
    outer_m: Array
    lumen_m: Array
    shift_m: Array
    wall_m: float
    flatness: float = 1.0
    flap_m: Array | None = None
    flap_rad: Array | None = None
