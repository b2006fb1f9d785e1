"""Times of the frames of a clip, and where they come from; times that no file gives are only assumed, and say so."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ASSUMED_RATE_HZ = 30.0
STEPS_S = (1e-4, 60.0)  # believable time between frames
SHOWN_HZ = (8.0, 200.0)  # rates at which an animation is shown that may be those of a scanner
SHOWN_STEP_S = 0.5  # a longer pause is for the reader's eye
WORDS = {
    "FrameTimeVector": "Frame Time Vector",
    "FrameTime": "Frame Time",
    "ActualFrameDuration": "Actual Frame Duration",
    "CineRate": "Cine Rate",
    "EffectiveDuration": "Effective Duration",
}
POINTED = {0x00181063: "FrameTime", 0x00181065: "FrameTimeVector"}  # of Frame Increment Pointer


@dataclass(frozen=True)
class FrameTimes:
    """Times (N,) [s] of the frames from 0 on, strictly increasing.

    `source` names the field that gives them; empty: not known, and `seconds` runs at ASSUMED_RATE_HZ. `remark` says
    what a reader has to know of them, empty where there is nothing to say.
    """

    seconds: NDArray[np.float64]
    source: str = ""
    remark: str = ""

    @property
    def known(self) -> bool:
        """Whether the file gives the times, or there is only one frame."""
        return bool(self.source) or len(self.seconds) < 2


def assumed(count: int, why: str = "the file gives no frame times") -> FrameTimes:
    """Times of `count` frames that nobody gives."""
    remark = f"frame times unknown ({why}): no heart rate and no ejection fraction" if count > 1 else ""
    return FrameTimes(np.arange(count, dtype=np.float64) / ASSUMED_RATE_HZ, "", remark)


def even(count: int, step_s: float, source: str, remark: str = "") -> FrameTimes:
    """Times of `count` frames `step_s` apart."""
    return FrameTimes(np.arange(count, dtype=np.float64) * step_s, source, remark)


def of_stamps(stamps_s: Sequence[float] | NDArray[np.float64], source: str) -> FrameTimes:
    """Times from stamps (N,) [s]; only assumed where these are not finite or do not increase."""
    stamps = np.asarray(stamps_s, dtype=np.float64)
    if len(stamps) < 2:
        return assumed(len(stamps))
    steps = np.diff(stamps)
    if not np.isfinite(stamps).all() or not (steps > 0).all() or steps.max() > STEPS_S[1]:
        return assumed(len(stamps), f"{source} that do not increase")
    return FrameTimes(stamps - stamps[0], source)


def of_display(durations_s: Sequence[float], what: str) -> FrameTimes:
    """Times from the durations (N,) [s] for which an animation `what` shows its frames; the last one says nothing.

    A program set them. They count where their rate may be that of a scanner, with a remark.
    """
    count = len(durations_s)
    if count < 2:
        return assumed(count)
    steps = np.asarray(durations_s[:-1], dtype=np.float64)
    low, high = SHOWN_HZ
    if not _believable(steps) or steps.max() > SHOWN_STEP_S or not low <= 1.0 / steps.mean() <= high:
        return assumed(count, f"the {what} shows its frames at no rate of a scanner")
    remark = f"frame times are the durations in the {what}, as the program that wrote it set them"
    return FrameTimes(np.concatenate([[0.0], np.cumsum(steps)]), f"durations in the {what}", remark)


def of_dicom(data: Any, count: int) -> FrameTimes:
    """Times of a multi-frame image (PS3.3 C.7.6.5, Cine module).

    The field that Frame Increment Pointer names comes first, then Frame Time Vector, Frame Time, Actual Frame Duration
    and Cine Rate, then Effective Duration over the frames. Recommended Display Frame Rate says how fast to show the
    frames, not when they were taken. A Frame Time Vector holds one entry per frame, the first of them 0; one without
    that first entry holds the steps between the frames all the same.
    """
    if count < 2:
        return assumed(count)
    wrong: list[str] = []
    vector = _vector(data, count, wrong)
    found = [*([vector] if vector is not None else []), *_even(data, count, wrong)]
    pointed = WORDS.get(POINTED.get(_pointer(data), ""), "")
    found.sort(key=lambda times: times.source != pointed)
    if found:
        return found[0]
    display_hz = _number(data, "RecommendedDisplayFrameRate")
    if display_hz is not None:
        wrong.append(f"Recommended Display Frame Rate {display_hz:g} is for display alone")
    return assumed(count, "; ".join(wrong) or "the file gives no frame times")


def _vector(data: Any, count: int, wrong: list[str]) -> FrameTimes | None:
    raw = _read(data, "FrameTimeVector")
    if raw is None or raw == "":
        return None
    steps = np.array([_float(value) for value in (raw if np.ndim(raw) else [raw])]) * 1e-3
    if len(steps) not in (count, count - 1):
        wrong.append(f"Frame Time Vector has {len(steps)} entries for {count} frames")
        return None
    between = steps[len(steps) - (count - 1) :]
    if not _believable(between):
        wrong.append("Frame Time Vector has steps that are not above 0")
        return None
    short = "Frame Time Vector without its first entry: taken as the steps between the frames"
    seconds = np.concatenate([[0.0], np.cumsum(between)])
    return FrameTimes(seconds, "Frame Time Vector", short if len(steps) < count else "")


def _even(data: Any, count: int, wrong: list[str]) -> Iterator[FrameTimes]:
    """Times of every field that gives one step for all frames, in the order of their trust."""
    for field in ("FrameTime", "ActualFrameDuration", "CineRate", "EffectiveDuration"):
        value = _number(data, field)
        if value is None:
            continue
        step_s = value * 1e-3
        if field == "CineRate":
            step_s = 1.0 / value if value else math.inf
        elif field == "EffectiveDuration":
            step_s = value / count
        if _believable(np.array([step_s])):
            yield even(count, step_s, WORDS[field])
        else:
            wrong.append(f"{WORDS[field]} " + ("is no number" if math.isnan(value) else f"{value:g} is not believable"))


def _believable(steps_s: NDArray[np.float64]) -> bool:
    low, high = STEPS_S
    return bool(np.isfinite(steps_s).all() and (steps_s >= low).all() and (steps_s <= high).all())


def _pointer(data: Any) -> int:
    raw = _read(data, "FrameIncrementPointer")
    try:
        return int(raw) if raw is not None else 0
    except (TypeError, ValueError):
        return 0


def _read(data: Any, name: str) -> Any:
    """A value; NaN where it is no number, as "20,0" is: pydicom raises on access."""
    try:
        return data.get(name)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _number(data: Any, name: str) -> float | None:
    raw = _read(data, name)
    return None if raw is None or raw == "" else _float(raw)


def _float(raw: Any) -> float:
    """A value as a number; NaN where it is none."""
    try:
        return float(raw)
    except (TypeError, ValueError):
        return math.nan
