"""Appearance of scanner and patient: image parameters that do not change the anatomy."""

from dataclasses import dataclass

import numpy as np

_USUAL_SLIDERS_DB = (-1.5, 0.5, -2.0, -7.0)  # people leave the near and the far field darker than a flat phantom
_GAIN_PER_POWER_DB = 5.0  # a darker gray curve is met with more gain


@dataclass(frozen=True)
class Appearance:
    """Image knobs. Gains in dB; `clutter_db` is clutter relative to the mean power around (easy -27, hard -15)."""

    gain_db: float = 0.0
    dynamic_range_db: float = 60.0
    clutter_db: float = -32.0
    gray_power: float = 1.15  # exponent of the gray curve
    attenuation_scale: float = 1.0
    speckle_scale: float = 1.0  # on the lateral and axial width of the point spread
    tgc_error_db: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)  # slider errors, shallow to deep
    noise: float = 1.0  # thermal noise amplitude; at 1 it equals the echo of liver at the probe's penetration depth
    near_clutter: float = 1.0
    layer_period_m: float = 0.0045  # between the lines that skin and fascia send back and forth
    wall_clutter_db: float = -40.0  # reverberation of the body wall at the face, relative to the echo of liver
    side_db: float = 0.0  # two-way loss of the outermost beams of a fan
    window_db: float = 0.0  # uneven chest wall: standard deviation of the loss between beams
    smoothing: float = 0.0  # scanner's speckle smoothing after log compression, standard deviation in samples


def patient_appearance(seed: int) -> Appearance:
    """Appearance of a patient under a well-set scanner; a pure function of the seed."""
    rng = np.random.default_rng((seed, 0xB0DE))
    return Appearance(
        gain_db=float(rng.normal(0.7, 1.5)),
        clutter_db=float(rng.uniform(-27.0, -17.0)),
        gray_power=float(rng.uniform(1.7, 2.2)),
        attenuation_scale=float(rng.uniform(0.9, 1.15)),
        speckle_scale=float(rng.uniform(0.85, 1.15)),
        tgc_error_db=_sliders(rng, 1.2, _USUAL_SLIDERS_DB),
        near_clutter=float(rng.uniform(0.5, 1.2)),
        layer_period_m=float(rng.uniform(0.0035, 0.008)),
        noise=float(10.0 ** rng.uniform(-0.8, -0.1)),
        window_db=float(rng.uniform(2.5, 5.0)),
        smoothing=float(rng.uniform(0.6, 1.2)),
        wall_clutter_db=float(rng.uniform(-15.0, -4.0)),
        side_db=float(rng.uniform(6.0, 16.0)),
    )


def random_appearance(rng: np.random.Generator) -> Appearance:
    """Wide randomization for training data: scanners, settings and patients beyond what the demo shows."""
    gray_power = float(rng.uniform(0.8, 2.6))
    return Appearance(
        gain_db=float(rng.normal(1.5, 3.5) + _GAIN_PER_POWER_DB * (gray_power - 1.8)),
        dynamic_range_db=float(rng.uniform(45.0, 75.0)),
        clutter_db=float(rng.uniform(-40.0, -12.0)),
        gray_power=gray_power,
        attenuation_scale=float(rng.uniform(0.75, 1.35)),
        speckle_scale=float(rng.uniform(0.65, 1.5)),
        tgc_error_db=_sliders(rng, 4.0, _USUAL_SLIDERS_DB),
        noise=float(10.0 ** rng.uniform(-1.0, 0.4)),
        near_clutter=float(rng.uniform(0.2, 3.0)),
        layer_period_m=float(rng.uniform(0.002, 0.012)),
        window_db=float(rng.uniform(0.0, 7.0)),
        smoothing=float(rng.uniform(0.0, 1.6)),
        wall_clutter_db=float(rng.uniform(-30.0, 0.0)),
        side_db=float(rng.uniform(0.0, 24.0)),
    )


def _sliders(
    rng: np.random.Generator, sigma_db: float, usual_db: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    a, b, c, d = (float(u + e) for u, e in zip(usual_db, rng.normal(0.0, sigma_db, 4), strict=True))
    return a, b, c, d
