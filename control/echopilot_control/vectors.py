"""Arithmetic on short vectors in plain Python, where the overhead of a numpy call would dominate."""

from math import isfinite, sqrt

from echopilot_core import Array


def all_finite(numbers: Array) -> bool:
    """True when no number of an array (...) is NaN or infinite; five times faster than numpy for a dozen numbers."""
    return all(map(isfinite, numbers.ravel().tolist()))


def length(vector: Array) -> float:
    """Euclidean norm of a vector (n,)."""
    return sqrt(vector @ vector)


def clamp_norm(vector: Array, limit: float) -> Array:
    """A vector (n,) cut to the length `limit`, in its own direction."""
    norm = sqrt(vector @ vector)
    return vector if norm <= limit else vector * (limit / norm)


def share_within(amount: float, limit: float) -> float:
    """Factor, at most 1, that scales a vector of length `amount` to within `limit`."""
    return 1.0 if amount <= limit else limit / amount
