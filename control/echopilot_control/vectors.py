"""Arithmetic on short vectors and rotations, in plain Python where the overhead of a numpy call would dominate."""

from math import isfinite, sqrt

from echopilot_core import Array, se3


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


def project_orthogonal(vector: Array, axis: Array) -> Array:
    """The part of a vector (3,) perpendicular to a unit `axis` (3,)."""
    return vector - float(vector @ axis) * axis


def rotation_rate(R_now: Array, R_wanted: Array, gain_1_s: float, limit_rad_s: float) -> Array:
    """Angular velocity (3,) in `base` from one rotation to another, proportional and capped.

    Args:
        R_now: present rotation (3, 3).
        R_wanted: wanted rotation (3, 3) in the same frame.
        gain_1_s: share of the angle per second.
        limit_rad_s: largest rate.
    """
    return clamp_norm(gain_1_s * (R_now @ se3.so3_log(R_now.T @ R_wanted)), limit_rad_s)
