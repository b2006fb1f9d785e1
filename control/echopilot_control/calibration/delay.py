"""Delay between images and tracked poses by correlation of the motion that both show."""

from dataclasses import dataclass

import numpy as np

from echopilot_core import Array, EchoPilotError

LEAST_SAMPLES = 30
LEAST_OVERLAP_S = 3.0
LEAST_CORRELATION = 0.8
LEAST_MARGIN = 0.02
_STEP_S = 2e-3
_CAP = 0.95
_LOBE = 0.5  # the main lobe ends where the correlation fell to this share of the peak


@dataclass(frozen=True)
class Signal:
    """A motion in any unit, (N,), at stamps (N,) [s] of the stream's own clock or of a common one."""

    times_s: Array
    values: Array


@dataclass(frozen=True)
class TimeOffset:
    """What was moved at tracker stamp t shows in the image with stamp t + `delay_s`.

    `correlation` is signed: the two signals may grow in opposite directions. `margin` is how much lower the next best
    peak is (0: ambiguous). `sigma_s` is the standard error from the slope of the motion and what the fit leaves over.
    `image` and `tracker` are the samples that were compared, both standardized, at `times_s` of the image stream.
    """

    delay_s: float
    sigma_s: float
    correlation: float
    margin: float
    samples: int
    times_s: Array
    image: Array
    tracker: Array


def time_offset(image: Signal, tracker: Signal, most_s: float = 0.5) -> TimeOffset:
    """Delay of the image stream within +-`most_s`; raises EchoPilotError where the signals cannot tell it.

    The finer sampled stream is interpolated at the shifted stamps of the coarser one, so neither is smoothed by a
    common grid. The normalized correlation (its square is the share of variance that a straight line explains) is
    searched in steps of 2 ms; a parabola through the top of its peak gives the fraction.
    """
    image, tracker = _checked(image, "image"), _checked(tracker, "tracker")
    coarse, fine, sign = (image, tracker, -1.0) if _period_s(image) >= _period_s(tracker) else (tracker, image, 1.0)
    most = round(most_s / _STEP_S)
    lags_s = np.arange(-most, most + 1, dtype=np.float64) * _STEP_S
    inside = (coarse.times_s - most_s >= fine.times_s[0]) & (coarse.times_s + most_s <= fine.times_s[-1])
    times_s, values = coarse.times_s[inside], coarse.values[inside]
    if len(times_s) < LEAST_SAMPLES or times_s[-1] - times_s[0] < LEAST_OVERLAP_S:
        raise EchoPilotError(
            f"the streams overlap in {len(times_s)} samples; at least {LEAST_SAMPLES} over {LEAST_OVERLAP_S:.0f} s, "
            f"and {most_s:g} s more at both ends, are needed"
        )
    shifted = np.interp(times_s[None] + sign * lags_s[:, None], fine.times_s, fine.values)
    strength: Array = np.abs(_correlations(values, shifted))
    best = int(np.argmax(strength))
    if strength[best] < LEAST_CORRELATION:
        raise EchoPilotError(
            f"the streams do not move together: best correlation {strength[best]:.2f}, "
            f"{LEAST_CORRELATION} is needed; move the probe up and down over a flat floor"
        )
    if best in (0, len(lags_s) - 1):
        raise EchoPilotError(f"the delay is beyond +-{most_s:g} s; allow for a larger one")
    margin = _margin(strength, best)
    if margin < LEAST_MARGIN:
        raise EchoPilotError("the delay is ambiguous: the motion repeats itself; move the probe less regularly")
    delay_s = _top_s(lags_s, strength, best)
    at_best = np.interp(times_s + sign * delay_s, fine.times_s, fine.values)
    found = float(_correlations(values, at_best[None])[0])
    pair = _standard(values), np.sign(found) * _standard(at_best)
    in_image, in_tracker = pair if sign < 0 else pair[::-1]
    return TimeOffset(
        delay_s=delay_s,
        sigma_s=_sigma_s(times_s, pair[0], pair[1]),
        correlation=found,
        margin=margin,
        samples=len(times_s),
        times_s=times_s if sign < 0 else times_s + delay_s,
        image=in_image,
        tracker=in_tracker,
    )


def _checked(signal: Signal, name: str) -> Signal:
    """The finite samples; raises EchoPilotError when they are too few, out of order or still."""
    if signal.times_s.ndim != 1 or signal.times_s.shape != signal.values.shape:
        raise EchoPilotError(f"the {name} signal has {signal.times_s.shape} stamps for {signal.values.shape} values")
    finite = np.isfinite(signal.times_s) & np.isfinite(signal.values)
    times_s, values = signal.times_s[finite], signal.values[finite]
    if len(times_s) < LEAST_SAMPLES:
        raise EchoPilotError(f"the {name} signal has {len(times_s)} samples; at least {LEAST_SAMPLES} are needed")
    if not (np.diff(times_s) > 0.0).all():
        raise EchoPilotError(f"the stamps of the {name} signal do not increase")
    step = float(np.median(np.abs(np.diff(values))))
    if np.std(values) < 1e-9 * max(1.0, float(np.abs(values).max())) or np.std(values) < 0.7 * step:
        raise EchoPilotError(f"the {name} signal shows no motion; move the probe up and down over a flat floor")
    return Signal(times_s, values)


def _period_s(signal: Signal) -> float:
    return float(np.median(np.diff(signal.times_s)))


def _standard(values: Array) -> Array:
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-30))


def _correlations(values: Array, rows: Array) -> Array:
    """Pearson correlation (L,) of values (N,) with each row of (L, N)."""
    about = rows - rows.mean(axis=1, keepdims=True)
    size = np.maximum(np.linalg.norm(about, axis=1), 1e-30)
    return np.asarray(about @ (values - values.mean()) / (size * np.linalg.norm(values - values.mean())))


def _top_s(lags_s: Array, strength: Array, best: int) -> float:
    """Lag [s] of the vertex of a parabola through the peak down to 95 % of it, where noise averages out."""
    low = np.flatnonzero(strength < _CAP * strength[best])
    left, right = low[low < best], low[low > best]
    first = int(left[-1]) + 1 if len(left) else 0
    last = int(right[0]) if len(right) else len(strength)
    first, last = min(first, best - 1), max(last, best + 2)
    bend, slope, _ = np.polyfit(lags_s[first:last] - lags_s[best], strength[first:last], 2)
    if bend >= 0.0:
        return float(lags_s[best])
    return float(np.clip(lags_s[best] - slope / (2.0 * bend), lags_s[first], lags_s[last - 1]))


def _margin(strength: Array, best: int) -> float:
    """How far the best value stands above the best one outside its own lobe."""
    low = strength < _LOBE * strength[best]
    left = np.flatnonzero(low[:best])
    right = np.flatnonzero(low[best:])
    others = np.concatenate(
        [
            strength[: left[-1]] if len(left) else strength[:0],
            strength[best + right[0] :] if len(right) else strength[:0],
        ]
    )
    return float(strength[best] - (others.max() if len(others) else 0.0))


def _sigma_s(times_s: Array, a: Array, b: Array) -> float:
    """Standard error [s] of the shift between two standardized signals (linear regression on the slope)."""
    slope = np.gradient(b, times_s)
    left_over = a - (a @ b) / (b @ b) * b
    return float(np.sqrt(np.mean(left_over**2) / max(float(np.sum(slope**2)), 1e-30)))
