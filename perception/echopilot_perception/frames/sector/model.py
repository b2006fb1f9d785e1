"""A found sector."""

from dataclasses import dataclass

from echopilot_core import ProbeKind, SectorBox


@dataclass(frozen=True)
class Sector:
    """A found sector in pixels.

    `origin` is the center of the face. For fans `radius_px` reaches from the apex of the fan to the face and
    `depth_px` from the face to the deepest sample; for rectangles `width_px` is the aperture. Apex and face of a zoomed
    image lie outside the image. `merit` tells fans apart: about 1.4 for one that is just believed, 2 for a clear one,
    0 for rectangles. `beside_trace`: a small fan above a spectrum or an M-mode, or one of these itself.
    """

    kind: ProbeKind
    origin_u_px: float
    origin_v_px: float
    radius_px: float
    depth_px: float
    opening_rad: float
    width_px: float
    box: SectorBox
    merit: float = 0.0
    beside_trace: bool = False
