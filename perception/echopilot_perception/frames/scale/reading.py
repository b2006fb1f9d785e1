"""Scale of a screen, read from its ruler, together with the depth that it prints; unknown where that could be wrong."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import ProbeKind
from echopilot_perception.frames.scale.marks import marks_of, still_image
from echopilot_perception.frames.scale.printed_depth import printed_depths_cm
from echopilot_perception.frames.scale.ruler import Ruler, rulers_of
from echopilot_perception.frames.sector.model import Sector

STEPS_CM = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # that rulers have
MAY_BE_CM = {5: (0.2, 1.0), 10: (0.1, 1.0)}  # of rulers by their groups; others could have any
FAN_MAY_BE_CM = {5: (1.0,), 10: (0.1, 1.0)}
DEPTHS_CM = {ProbeKind.PHASED: (6.0, 25.0), ProbeKind.CONVEX: (4.0, 30.0), ProbeKind.LINEAR: (1.5, 16.0)}
ZOOMED_CM = (2.5, 20.0)  # of what is seen of a fan whose apex lies outside of the screen
PRINTED_ERROR = 0.08  # of a printed depth, beside the one that the ruler gives
SAME = 0.015  # relative difference of two steps that are one
RIVAL = 0.7  # merit over that of the best ruler from which another one counts


@dataclass(frozen=True)
class ScaleReading:
    """Size of a pixel [m], None where it cannot be read; `source` says in words where it is from, or why not."""

    spacing_m: float | None
    source: str


def read_scale(images: NDArray[np.uint8], sector: Sector, mirrored: bool = False) -> ScaleReading:
    """The scale that the screen of images (N, H, W) shows beside the sector; `mirrored`: its sides are exchanged."""
    if sector.beside_trace:
        return ScaleReading(None, "no ruler is read beside a spectrum or an M-mode")
    still, scale = still_image(images)
    found = rulers_of(marks_of(still, scale), sector)
    if not found:
        return ScaleReading(None, "no ruler was found on the screen")
    strong = [other for other in found if other.merit >= RIVAL * found[0].merit]
    if any(_contradicts(other, found[0]) for other in strong):
        return ScaleReading(None, "the rulers on the screen contradict each other")
    same = [r for r in found if abs(r.step_px / found[0].step_px - 1.0) <= SAME]
    best = max(same, key=lambda r: (r.group > 0, r.merit))
    printed = printed_depths_cm(np.ascontiguousarray(still[:, ::-1]) if mirrored else still)
    marks = f"{best.count} marks, {best.step_px:.1f} px apart"
    agreed = [cm for cm in STEPS_CM if _depth_of(best, sector, cm, printed) is not None]
    alone = _possible_steps_cm(best, sector)
    lengths = [cm for cm in agreed if cm in alone or not alone] if printed else alone
    if printed and not lengths:
        shown = " or ".join(f"{depth:g}" for depth in printed)
        return ScaleReading(None, f"the ruler on the screen ({marks}) and the printed {shown} cm contradict each other")
    if len(lengths) != 1:
        return ScaleReading(None, f"the ruler on the screen does not tell how long its steps are ({marks})")
    source = f"the ruler on the screen: {marks}, {lengths[0]:g} cm"
    if printed:
        source += f"; {_depth_of(best, sector, lengths[0], printed):g} cm printed"
    return ScaleReading(1e-2 * lengths[0] / best.step_px, source)


def _possible_steps_cm(ruler: Ruler, sector: Sector) -> list[float]:
    """Lengths of a step [cm] that suit a ruler by itself and its kind of probe; none without groups."""
    low, high = ZOOMED_CM if _is_zoomed(sector) else DEPTHS_CM[sector.kind]
    table = MAY_BE_CM if sector.kind == ProbeKind.LINEAR else FAN_MAY_BE_CM
    return [cm for cm in table.get(ruler.group, ()) if low <= cm * sector.depth_px / ruler.step_px <= high]


def _depth_of(ruler: Ruler, sector: Sector, step_cm: float, printed_cm: list[float]) -> float | None:
    """The printed depth [cm] that agrees with steps of this length; of a zoomed fan it may count from the apex."""
    reaches_px = [sector.depth_px, sector.radius_px + sector.depth_px] if _is_zoomed(sector) else [sector.depth_px]
    found = [
        (abs(step_cm * reach / ruler.step_px / depth - 1.0), depth) for reach in reaches_px for depth in printed_cm
    ]
    error, depth = min(found, default=(1.0, 0.0))
    return depth if error <= PRINTED_ERROR else None


def _is_zoomed(sector: Sector) -> bool:
    """Whether the apex of a fan lies outside of the screen."""
    return sector.kind != ProbeKind.LINEAR and sector.origin_v_px - sector.radius_px < 0


def _contradicts(other: Ruler, best: Ruler) -> bool:
    """Whether the steps of two rulers are in no simple ratio."""
    ratio = max(other.step_px, best.step_px) / min(other.step_px, best.step_px)
    return all(abs(ratio / simple - 1.0) > SAME for simple in (1.0, 2.0, 2.5, 5.0, 10.0))
