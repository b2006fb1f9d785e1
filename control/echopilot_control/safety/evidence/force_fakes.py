"""Force sensors that lie: what a robot state says of its wrench instead of the truth."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from echopilot_core import Array, RobotState

Lie = Callable[[Array, Any], Array]
NOISE = np.array([0.1, 0.1, 0.1, 0.005, 0.005, 0.005])
KGF_N = 9.80665
_SWAPPED = [2, 1, 0, 5, 4, 3]


def lying(lie: Lie) -> Callable[[RobotState, Any], RobotState]:
    """Change of a robot state by a change of its wrench (6,) [N, N m], given the fault's past."""
    return lambda robot, past: replace(robot, wrench=lie(robot.wrench.copy(), past))


def _then(past: Any, ticks_ago: int) -> Array:
    """The true wrench of so many ticks ago, or the oldest known."""
    wrench: Array = past.values[max(len(past.values) - 1 - ticks_ago, 0)].wrench
    return wrench


def _along_z(wrench: Array, force_n: float) -> Array:
    wrench[2] = force_n
    return wrench


def _noise(past: Any) -> Array:
    return NOISE * np.random.default_rng([0xF0, past.tick]).standard_normal(6)


def zero(wrench: Array, past: Any) -> Array:
    """Nothing at all."""
    return np.zeros(6)


def zero_along_z(wrench: Array, past: Any) -> Array:
    """Nothing along probe z, the other five alive."""
    return _along_z(wrench, 0.0)


def constant(wrench: Array, past: Any) -> Array:
    """`size` newtons along probe z."""
    return np.array([0.0, 0.0, -past.size, 0.0, 0.0, 0.0])


def frozen(wrench: Array, past: Any) -> Array:
    """The last wrench before the fault."""
    held: Array = past.first.wrench
    return held


def replayed(wrench: Array, past: Any) -> Array:
    """A recording of the last `size` ticks before the fault, over and over."""
    length = min(max(round(past.size), 1), max(len(past.values) - 1 - past.tick, 1))
    recorded: Array = past.values[len(past.values) - 2 - past.tick - (length - 1 - past.tick % length)].wrench
    return recorded


def noise_alone(wrench: Array, past: Any) -> Array:
    """The noise of a healthy sensor, and no force."""
    return _noise(past)


def noise_along_z(wrench: Array, past: Any) -> Array:
    """The noise of a healthy sensor along probe z, the other five alive."""
    return _along_z(wrench, float(_noise(past)[2]))


def noisy_constant(wrench: Array, past: Any) -> Array:
    """The last wrench before the fault under fresh noise."""
    held: Array = past.first.wrench
    return _noise(past) + held


def scaled(wrench: Array, past: Any) -> Array:
    """`size` times the truth: a wrong gain or unit."""
    return float(past.size) * wrench


def scaled_force(wrench: Array, past: Any) -> Array:
    """`size` times the truth under the noise of a healthy sensor: a wrong gain before the noise."""
    gain = float(past.size)
    lie: Array = gain * wrench + np.sqrt(max(1.0 - gain**2, 0.0)) * _noise(past)
    return lie


def flipped(wrench: Array, past: Any) -> Array:
    """The other sign."""
    return -wrench


def swapped(wrench: Array, past: Any) -> Array:
    """x and z exchanged."""
    return wrench[_SWAPPED]


def biased(wrench: Array, past: Any) -> Array:
    """`size` newtons less pressing than there is."""
    return _along_z(wrench, float(wrench[2]) + past.size)


def drifting(wrench: Array, past: Any) -> Array:
    """Less and less pressing than there is, by `size` newtons per second."""
    return _along_z(wrench, float(wrench[2]) + past.size * 0.01 * past.tick)


def delayed(wrench: Array, past: Any) -> Array:
    """The truth of `size` ticks ago."""
    return _then(past, round(past.size))


def smoothed(wrench: Array, past: Any) -> Array:
    """Mean of the last `size` ticks."""
    count = min(round(past.size), len(past.values))
    mean: Array = np.mean([past.values[-1 - i].wrench for i in range(count)], axis=0)
    return mean


def coarse(wrench: Array, past: Any) -> Array:
    """Steps of `size` newtons."""
    steps: Array = past.size * np.array([1.0, 1.0, 1.0, 0.05, 0.05, 0.05])
    return np.round(wrench / steps) * steps


def saturated(wrench: Array, past: Any) -> Array:
    """No force of more than `size` newtons."""
    limit: Array = past.size * np.array([1.0, 1.0, 1.0, 0.05, 0.05, 0.05])
    return np.clip(wrench, -limit, limit)


def flickering(wrench: Array, past: Any) -> Array:
    """Bursts of `size` ticks that are not finite, as long as the pauses between them."""
    return wrench if past.tick // max(round(past.size), 1) % 2 else np.full(6, np.nan)


def dropping(wrench: Array, past: Any) -> Array:
    """Bursts of `size` ticks of nothing but noise, as long as the pauses between them."""
    return wrench if past.tick // max(round(past.size), 1) % 2 else _noise(past)


def not_finite(wrench: Array, past: Any) -> Array:
    """No number at all."""
    return np.full(6, np.nan)


def incomplete(wrench: Array, past: Any) -> Array:
    """Three numbers of six."""
    return wrench[:3]
