"""Types of random variables of distributions.py."""

import math
from dataclasses import dataclass

import numpy as np

from echopilot_core import EchoPilotError


@dataclass(frozen=True)
class Normal:
    """Normal of mean and sd cut off at low and high (drawn again outside, so nothing piles up at the limits)."""

    mean: float
    sd: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not (self.sd > 0.0 and self.low < self.high and self.share_inside() > 0.05):
            raise EchoPilotError(f"{self} is impossible; choose sd above 0 and low < high around the mean")

    def sample(self, rng: np.random.Generator) -> float:
        """One value."""
        while True:
            value = float(rng.normal(self.mean, self.sd))
            if self.low <= value <= self.high:
                return value

    def cdf(self, value: float) -> float:
        """Probability of at most `value`."""
        if value <= self.low:
            return 0.0
        return min((self._phi(value) - self._phi(self.low)) / self.share_inside(), 1.0)

    def share_inside(self) -> float:
        """Share of the uncut normal that lies between the limits."""
        return self._phi(self.high) - self._phi(self.low)

    def _phi(self, value: float) -> float:
        return 0.5 * math.erfc((self.mean - value) / (self.sd * math.sqrt(2.0)))


@dataclass(frozen=True)
class Uniform:
    """Every value from low to high alike."""

    low: float
    high: float

    def sample(self, rng: np.random.Generator) -> float:
        """One value."""
        return float(rng.uniform(self.low, self.high))

    def cdf(self, value: float) -> float:
        """Probability of at most `value`."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


@dataclass(frozen=True)
class Share:
    """True in this share of all draws."""

    share: float

    def sample(self, rng: np.random.Generator) -> bool:
        """One verdict."""
        return bool(rng.random() < self.share)


Continuous = Normal | Uniform
BySex = dict[str, Continuous]  # keys "M" and "F"
