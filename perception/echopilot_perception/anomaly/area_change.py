"""Fractional area change of the left ventricle over a clip: a ratio of areas, which needs no scale."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from echopilot_core import PerceptionResult, SegmentationClass, View
from echopilot_perception.anomaly.stretches import stretches
from echopilot_perception.anomaly.thresholds import MIN_EF_FRAMES
from echopilot_perception.measure.ejection import ejection_fraction, rate_refusal

AREA_VIEWS = (View.A4C, View.A2C, View.PSAX_PM, View.PSAX_MV)  # that show the whole cavity of the ventricle


@dataclass(frozen=True)
class AreaChange:
    """Largest area less smallest, over the largest: median of `beats` beats in `view`; `frames` are those used."""

    fraction: float
    view: View
    beats: int
    frames: tuple[int, ...]


def area_change_of_clip(frames: Sequence[PerceptionResult]) -> AreaChange | None:
    """Fractional area change in the view that was named most; None without a full beat or with too few frames a second.

    Areas count where the view is named; of several stretches without a gap the longest counts. Frames come in order.
    """
    named = Counter(s.view for s in frames if s.view in AREA_VIEWS)
    if not named:
        return None
    view = named.most_common(1)[0][0]
    cavities = [(s, s.extent(SegmentationClass.LV)) for s in frames if s.view is view]
    every = [(s, e.area_m2) for s, e in cavities if e is not None and isfinite(e.area_m2)]
    rows = max(stretches(every), key=len, default=[])
    if len(rows) < MIN_EF_FRAMES:
        return None
    times_s = np.array([(s.stamp_ns - rows[0][0].stamp_ns) * 1e-9 for s, _ in rows])
    found = ejection_fraction(np.array([area for _, area in rows]), times_s)
    if found is None or rate_refusal(times_s, found.beat_hz):
        return None
    used = tuple(rows[k][0].sequence for k in (*found.diastolic_frames, *found.systolic_frames))
    return AreaChange(found.fraction, view, found.beats, used)
