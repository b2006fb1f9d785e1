"""Scale of a screen, read from its ruler; unknown wherever the ruler could mean several lengths."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import ProbeKind
from echopilot_perception.frames.scale.marks import marks_of, still_image
from echopilot_perception.frames.scale.ruler import Ruler, rulers_of
from echopilot_perception.frames.sector.model import Sector

MAY_BE_CM = {5: (0.2, 1.0), 10: (0.1, 1.0)}  # steps of rulers by their groups; others could be anything
FAN_MAY_BE_CM = {5: (1.0,), 10: (0.1, 1.0)}
DEPTHS_CM = {ProbeKind.PHASED: (6.0, 25.0), ProbeKind.CONVEX: (4.0, 30.0), ProbeKind.LINEAR: (1.5, 16.0)}
ZOOMED_CM = (2.5, 20.0)  # of what is seen of a fan whose apex lies outside of the screen
SAME = 0.015  # relative difference of two steps that are one
RIVAL = 0.7  # merit over that of the best ruler from which another one counts


@dataclass(frozen=True)
class ScaleReading:
    """Size of a pixel [m], None where it cannot be read; `source` says in words where it is from, or why not."""

    spacing_m: float | None
    source: str


def read_scale(images: NDArray[np.uint8], sector: Sector) -> ScaleReading:
    """The scale that the screen of images (N, H, W) shows beside the sector."""
    if sector.beside_trace:
        return ScaleReading(None, "no ruler is read beside a spectrum or an M-mode")
    found = rulers_of(marks_of(*still_image(images)), sector)
    if not found:
        return ScaleReading(None, "no ruler was found on the screen")
    strong = [other for other in found if other.merit >= RIVAL * found[0].merit]
    if any(_contradicts(other, found[0]) for other in strong):
        return ScaleReading(None, "the rulers on the screen contradict each other")
    same = [r for r in found if abs(r.step_px / found[0].step_px - 1.0) <= SAME]
    best = max(same, key=lambda r: (r.group > 0, r.merit))
    lengths = possible_steps_cm(best, sector)
    marks = f"{best.count} marks, {best.step_px:.1f} px apart"
    if len(lengths) != 1:
        return ScaleReading(None, f"the ruler on the screen does not tell how long its steps are ({marks})")
    return ScaleReading(1e-2 * lengths[0] / best.step_px, f"the ruler on the screen: {marks}, {lengths[0]:g} cm")


def possible_steps_cm(ruler: Ruler, sector: Sector) -> list[float]:
    """Lengths of a step [cm] that give the sector a depth of its kind of probe."""
    apex_px = sector.origin_v_px - sector.radius_px
    zoomed = sector.kind != ProbeKind.LINEAR and apex_px < 0 and sector.origin_v_px < 1.5 * abs(apex_px)
    low, high = ZOOMED_CM if zoomed else DEPTHS_CM[sector.kind]
    table = MAY_BE_CM if sector.kind == ProbeKind.LINEAR else FAN_MAY_BE_CM
    return [cm for cm in table.get(ruler.group, ()) if low <= cm * sector.depth_px / ruler.step_px <= high]


def _contradicts(other: Ruler, best: Ruler) -> bool:
    """Whether the steps of two rulers are in no simple ratio."""
    ratio = max(other.step_px, best.step_px) / min(other.step_px, best.step_px)
    return all(abs(ratio / simple - 1.0) > SAME for simple in (1.0, 2.0, 2.5, 5.0, 10.0))
