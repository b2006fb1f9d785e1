"""The findings of a whole clip."""

from collections.abc import Iterable
from functools import reduce
from math import isfinite

import numpy as np

from echopilot_core import Finding, FindingKind, Measurement, Phase, Seen, View
from echopilot_perception.anomaly.suspicion import can_show
from echopilot_perception.anomaly.thresholds import MIN_EF_FRAMES
from echopilot_perception.anomaly.tracker import Tracked, follow
from echopilot_perception.anomaly.wording import measured_finding
from echopilot_perception.measure.ejection import ejection_fraction


def findings_of_clip(seens: Iterable[Seen]) -> tuple[Finding, ...]:
    """What was raised at any time of a clip in its strongest form, the most probable first.

    The frames come in order. A clip shorter than a window raises nothing. Without poses a sweep is read second by
    second: the largest median of one second stands for the maximum that the exam takes from its stations.
    """
    frames = sorted(seens, key=lambda s: s.stamp_ns)
    found = list(reduce(follow, frames, Tracked()).ever)
    ejection = ejection_of_clip(frames)
    reduced = measured_finding(FindingKind.REDUCED_EF, ejection) if ejection is not None else None
    return tuple(sorted([*found, *([reduced] if reduced is not None else [])], key=lambda f: (-f.probability, f.kind)))


def ejection_of_clip(frames: Iterable[Seen]) -> Measurement | None:
    """Single-plane ejection fraction over the four-chamber frames; None without a full beat of measured ventricles."""
    rows = [(s, m) for s in frames if FindingKind.REDUCED_EF in can_show(s) and (m := _volume(s)) is not None]
    if len(rows) < MIN_EF_FRAMES:
        return None
    times_s = np.array([(s.stamp_ns - rows[0][0].stamp_ns) * 1e-9 for s, _ in rows])
    result = ejection_fraction(np.array([m.value for _, m in rows]), times_s, np.array([m.sigma for _, m in rows]))
    if result is None:
        return None
    return Measurement(
        name="ef_single_plane_a4c",
        value=result.fraction,
        unit="1",
        sigma=result.sigma,
        view=View.A4C,
        phase=Phase.CYCLE,
        frame_sequences=tuple(rows[i][0].sequence for i in (*result.diastolic_frames, *result.systolic_frames)),
    )


def _volume(seen: Seen) -> Measurement | None:
    return next(
        (m for m in seen.measurements if m.name == "lv_volume" and isfinite(m.value) and isfinite(m.sigma)), None
    )
