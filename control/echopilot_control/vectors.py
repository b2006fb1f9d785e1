"""Short vectors, a hundred times a second: plain numbers where a call of numpy costs more than its arithmetic."""

from math import isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def all_finite(numbers: Array) -> bool:
    """True when no number of an array (...) is NaN or infinite; five times faster than numpy for a dozen numbers."""
    return all(map(isfinite, numbers.ravel().tolist()))


def length(vector: Array) -> float:
    """Euclidean norm of a vector (n,)."""
    return sqrt(vector @ vector)


def shortened(vector: Array, limit: float) -> Array:
    """A vector (n,) cut to the length `limit`, in its own direction."""
    norm = sqrt(vector @ vector)
    return vector if norm <= limit else vector * (limit / norm)


def share_within(amount: float, limit: float) -> float:
    """What to multiply a vector of the length `amount` with, so that it keeps within `limit`; at most 1."""
    return 1.0 if amount <= limit else limit / amount
