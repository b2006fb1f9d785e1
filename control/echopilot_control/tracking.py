"""Image targets predicted over the measured age of their frame."""

from collections import deque
from dataclasses import dataclass
from math import exp, pi

import numpy as np

from echopilot_core import Array, se3


@dataclass(frozen=True)
class TargetEstimate:
    """Present position of the target in us_image [m] with standard deviations, and its speed along image x [m/s].

    The speed is that of the target in `base`: the probe's own motion is not in it.
    """

    x_m: float
    y_m: float
    sigma_x_m: float
    sigma_y_m: float
    speed_x_m_s: float = 0.0


@dataclass(frozen=True)
class _Mixture:
    """Point (3,) [m], velocity (3,) [m/s] and standard deviation [m] at a time, over all filters."""

    now_ns: int
    point_m: Array
    speed_m_s: Array
    sigma_m: float


class ImageTarget:
    """A point in `base` that drifts and swings with the breath, fed by image points at the pose of their own frame.

    A point (x, y) of the frame stamped t is placed in space with T_base_probe(t); its present image position follows
    from the present pose. So the probe's own motion during the delay cancels exactly, and only the target's motion has
    to be predicted. That is done by a bank of Kalman filters, equal but for the rate of a periodic part: one without
    (which may turn sharply), the others at breathing rates 0.14 to 0.46 Hz (these may only turn slowly beside their
    swing). Their estimates are mixed by how well each has predicted the last seconds (Magill 1965, IEEE TAC 10:434).
    State of each and per axis: position and velocity of the drift, the swing and its rate over 2 pi f (a turning
    phasor, as Yuen et al. 2009, IJRR 28:1303, for the beating heart; a bank needs no linearization in the rate).

    Errors of a contour are mostly common to neighboring frames and do not blur motion. The part that is new in
    every frame is measured from third differences of the points, which a smooth motion leaves almost at zero.
    """

    _RATES_HZ = (0.0, 0.14, 0.178, 0.226, 0.287, 0.364, 0.463)
    _DRIFT_M2_S3 = np.array([6e-5] + 6 * [4e-6])  # spectral density of the drift's acceleration
    _SWING_M2_S = 4e-7  # of the phasor: depth and rate of breaths vary
    _SWING_M = 0.003
    _SPEED_M_S = 0.010
    _WHITE, _WHITE_RANGE = 0.35, (0.08, 0.6)  # share of sigma that is new in every frame: at first, and bounds
    _GATE_SIGMA = 5.0
    _MEMORY_S = 6.0  # over which the filters' predictions are compared
    _LEAST = 1e-6  # weight that a filter keeps, to come back when the motion changes

    def __init__(self) -> None:
        self._omega = 2.0 * pi * np.array(self._RATES_HZ)
        self._swings = (self._omega > 0.0).astype(np.float64)
        self.reset()

    def reset(self) -> None:
        """Forget the target."""
        n = len(self._omega)
        self._stamp_ns: int | None = None
        self._mean = np.zeros((n, 4, 3))
        self._P = np.zeros((n, 4, 4))  # the same for the three axes
        self._log_weight = np.zeros(n)
        self._weight = np.full(n, 1.0 / n)
        self._cached: _Mixture | None = None
        self._sigma_m = 0.0
        self._white_m = 0.0
        self._last: deque[Array] = deque(maxlen=4)
        self._rejected = 0

    def update(self, stamp_ns: int, T_base_probe: Array, x_m: float, y_m: float, sigma_m: float) -> None:
        """Add an observation of the frame stamped `stamp_ns`, taken at pose `T_base_probe`.

        Args:
            stamp_ns: when the frame was acquired.
            T_base_probe: pose of the probe then.
            x_m: image x of the target [m].
            y_m: its depth [m].
            sigma_m: standard deviation of either [m].
        """
        point = se3.apply(T_base_probe, np.array([x_m, 0.0, y_m]))
        if self._stamp_ns is None or stamp_ns - self._stamp_ns > 1_500_000_000 or self._rejected > 5:
            self.reset()
            self._stamp_ns = stamp_ns
            self._mean[:, 0] = point
            swing = self._swings * self._SWING_M**2
            self._sigma_m, self._white_m = sigma_m, self._WHITE * sigma_m
            self._P[:, 0, 0] = self._white_m**2 + swing
            self._P[:, 1, 1] = self._SPEED_M_S**2
            self._P[:, 2, 2] = self._P[:, 3, 3] = swing
            self._P[:, 0, 2] = self._P[:, 2, 0] = -swing  # where in the swing it was is not known
            self._last.append(point)
            return
        if stamp_ns <= self._stamp_ns:
            return
        dt_s = (stamp_ns - self._stamp_ns) * 1e-9
        mean, P = self._predicted(dt_s)
        self._stamp_ns, self._cached = stamp_ns, None
        innovation = point - (mean[:, 0] + mean[:, 2])  # (M, 3)
        PH = P[:, :, 0] + P[:, :, 2]  # (M, 4)
        known = PH[:, 0] + PH[:, 2]
        miss = self._weight @ innovation
        if float(miss @ miss) > self._GATE_SIGMA**2 * (float(self._weight @ known) + sigma_m**2):
            self._rejected += 1
            self._mean, self._P = mean, P
            return
        self._rejected = 0
        spread = known + self._noise_m(point, sigma_m) ** 2
        gain = PH / spread[:, None]
        self._mean = mean + gain[:, :, None] * innovation[:, None, :]
        self._P = P - gain[:, :, None] * PH[:, None, :]
        # two coordinates of the point are measured; the third lies in the image plane by construction
        fit = -0.5 * np.sum(innovation**2, axis=1) / spread - np.log(spread)
        self._log_weight = exp(-dt_s / self._MEMORY_S) * self._log_weight + fit
        self._log_weight -= self._log_weight.max()
        weight = np.maximum(np.exp(self._log_weight), self._LEAST)
        self._weight = weight / weight.sum()

    def _noise_m(self, point: Array, sigma_m: float) -> float:
        """Standard deviation of what is new in this frame, with the point added to the last ones."""
        self._last.append(point)
        if len(self._last) == 4:
            a, b, c, d = self._last
            jerk = d - 3.0 * (c - b) - a
            fresh = float(jerk @ jerk) / 40.0  # variance 1 + 9 + 9 + 1, in two directions
            self._white_m += 0.1 * (fresh - self._white_m**2) / (2.0 * max(self._white_m, 1e-6))
        low, high = self._WHITE_RANGE
        self._sigma_m += 0.1 * (sigma_m - self._sigma_m)
        self._white_m = min(max(self._white_m, low * sigma_m), high * sigma_m)
        return self._white_m

    def _transition(self, dt_s: float) -> Array:
        A = np.zeros((len(self._omega), 4, 4))
        A[:, 0, 0] = A[:, 1, 1] = 1.0
        A[:, 0, 1] = dt_s
        cos, sin = np.cos(self._omega * dt_s), np.sin(self._omega * dt_s)
        A[:, 2, 2] = A[:, 3, 3] = cos
        A[:, 2, 3], A[:, 3, 2] = sin, -sin
        return A

    def _predicted(self, dt_s: float) -> tuple[Array, Array]:
        A = self._transition(dt_s)
        P = A @ self._P @ A.transpose(0, 2, 1)
        q = self._DRIFT_M2_S3 * dt_s
        P[:, 0, 0] += q * dt_s**2 / 3.0
        P[:, 0, 1] += q * dt_s / 2.0
        P[:, 1, 0] += q * dt_s / 2.0
        P[:, 1, 1] += q
        swing = self._swing_m2(dt_s)
        P[:, 2, 2] += swing
        P[:, 3, 3] += swing
        return A @ self._mean, P

    def now(self, now_ns: int, T_base_probe: Array) -> TargetEstimate | None:
        """Prediction for `now_ns` in the image of pose `T_base_probe`; None without an observation."""
        if self._stamp_ns is None:
            return None
        mixed = self._mixed(now_ns)
        sigma_m = mixed.sigma_m
        x, _, z = (mixed.point_m - T_base_probe[:3, 3]) @ T_base_probe[:3, :3]
        return TargetEstimate(float(x), float(z), sigma_m, sigma_m, float(mixed.speed_m_s @ T_base_probe[:3, 0]))

    def point_m(self, now_ns: int) -> Array | None:
        """The target (3,) [m] in `base` at `now_ns`; None without an observation."""
        return None if self._stamp_ns is None else self._mixed(now_ns).point_m

    def _mixed(self, now_ns: int) -> _Mixture:
        """Point (3,) [m], velocity (3,) [m/s] and standard deviation [m] at `now_ns`, over all filters."""
        if self._cached is not None and self._cached.now_ns == now_ns:
            return self._cached
        dt_s = 0.0 if self._stamp_ns is None else (now_ns - self._stamp_ns) * 1e-9
        weight, mean, omega = self._weight, self._mean, self._omega[:, None]
        cos, sin = np.cos(omega * dt_s), np.sin(omega * dt_s)
        points = mean[:, 0] + dt_s * mean[:, 1] + cos * mean[:, 2] + sin * mean[:, 3]
        point = weight @ points
        speed = weight @ (mean[:, 1] + omega * (cos * mean[:, 3] - sin * mean[:, 2]))
        H = np.concatenate([np.ones_like(cos), np.full_like(cos, dt_s), cos, sin], axis=1)[:, None]
        known = (H @ self._P @ H.transpose(0, 2, 1)).ravel() + self._DRIFT_M2_S3 * dt_s**3 / 3.0
        known = known + self._swing_m2(dt_s) + 0.5 * ((points - point) ** 2).sum(axis=1)
        sigma = float(np.sqrt(weight @ known + max(self._sigma_m**2 - self._white_m**2, 0.0)))
        self._cached = _Mixture(now_ns, point, speed, sigma)
        return self._cached

    def _swing_m2(self, dt_s: float) -> Array:
        return self._swings * self._SWING_M2_S * dt_s


def uncertainty_speed_scale(sigma_m: float, usable_m: float) -> float:
    """Share of full speed 0..1 for a target with uncertainty `sigma_m`; one half at `usable_m`."""
    return 1.0 / (1.0 + (sigma_m / usable_m) ** 2)
