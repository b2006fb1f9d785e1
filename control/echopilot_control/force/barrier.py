"""Soft force cap as a control barrier: the closer to the cap, the slower the way in."""

RATE_1_S = 10.0


def allowed_velocity_m_s(force_n: float, cap_n: float, stiffness_n_m: float, rate_1_s: float = RATE_1_S) -> float:
    """Largest velocity into the patient [m/s] that keeps h = cap - force >= 0 invariant.

    With force' <= stiffness * v, the condition h' >= -rate * h (Ames et al. 2019, "Control barrier functions",
    eq. 2) holds when v <= rate * h / stiffness; above the cap the bound is negative: the probe must back out.
    """
    return rate_1_s * (cap_n - force_n) / stiffness_n_m
