"""Film of coupling gel between face and skin: its wear by sliding, pressure and time, and its effects.

The film is volume per area. Sliding leaves a trail behind and pressure squeezes gel out at the rim, both in proportion
to the film that is left; in air and on skin it dries. The constants are estimates: a generous film lasts for an exam of
half an hour, a thin one for a minute of sweeping.
"""

import math

PLENTY_M = 0.020  # a generous dollop
BRIDGE_MAX_M, BRIDGE_MIN_M = 0.003, 0.0003  # widest gap bridged by plenty of gel, and by a moist face
SLIDE_M = 3.0  # path that leaves 1/e of the film
SQUEEZE_PA_S = 3.0e7  # pressure times time that leave 1/e: 16 kPa (5 N on the face) for half an hour
DRY_S = 3600.0
FRICTION_WET, FRICTION_DRY = 0.08, 0.5  # coefficient of the skin under a full and under no film
WET_M = 0.001  # film that lubricates fully


def worn(film_m: float, slide_m: float, pressure_pa: float, dt_s: float) -> float:
    """Film [m] left after dt_s [s] in which the face slid by slide_m [m] under a mean pressure [Pa] (0: in air)."""
    return film_m * math.exp(-slide_m / SLIDE_M - pressure_pa * dt_s / SQUEEZE_PA_S - dt_s / DRY_S)


def bridged_gap_m(film_m: float) -> float:
    """Widest gap [m] between element and skin that the film fills."""
    return min(max(film_m, BRIDGE_MIN_M), BRIDGE_MAX_M)


def friction(film_m: float) -> float:
    """Coefficient of sliding friction over the film."""
    dryness = max(0.0, 1.0 - film_m / WET_M)
    return FRICTION_WET + (FRICTION_DRY - FRICTION_WET) * dryness**2
