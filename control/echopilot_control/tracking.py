"""What images say about now: pose history by stamp, and targets predicted over the measured age of their frame."""

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import se3

Array = NDArray[np.float64]

_HISTORY_TICKS = 150


class PoseHistory:
    """The last 1.5 s of probe poses by stamp."""

    def __init__(self) -> None:
        self._stamps: deque[int] = deque(maxlen=_HISTORY_TICKS)
        self._poses: deque[Array] = deque(maxlen=_HISTORY_TICKS)

    def add(self, stamp_ns: int, T_base_probe: Array) -> None:
        """Append a pose; stamps that do not grow are ignored."""
        if not self._stamps or stamp_ns > self._stamps[-1]:
            self._stamps.append(stamp_ns)
            self._poses.append(T_base_probe)

    def at(self, stamp_ns: int) -> Array | None:
        """Pose `T_base_probe` at `stamp_ns`, interpolated on SE(3); None when it lies outside the history."""
        stamps = self._stamps
        if not stamps or not stamps[0] <= stamp_ns <= stamps[-1] + 20_000_000:
            return None
        after = bisect_left(stamps, stamp_ns)
        if after >= len(stamps):
            return self._poses[-1]
        if stamps[after] == stamp_ns or after == 0:
            return self._poses[after]
        share = (stamp_ns - stamps[after - 1]) / (stamps[after] - stamps[after - 1])
        T_before, T_after = self._poses[after - 1], self._poses[after]
        T: Array = T_before @ se3.exp(share * se3.log(se3.inverse(T_before) @ T_after))
        return T


@dataclass(frozen=True)
class TargetEstimate:
    """Where the target is now in us_image [m], with standard deviations."""

    x_m: float
    y_m: float
    sigma_x_m: float
    sigma_y_m: float


class ImageTarget:
    """Constant-velocity Kalman filter of a point in `base`, fed by image points at the pose of their own frame.

    A point (x, y) of the frame stamped t is placed in space with T_base_probe(t); its present image position follows
    from the present pose. So the probe's own motion during the delay cancels exactly, and only the target's motion has
    to be predicted (Kalman 1960; white acceleration of 30 mm/s^2).
    """

    _ACCELERATION_M_S2 = 0.03
    _GATE_SIGMA = 5.0

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the target."""
        self._stamp_ns: int | None = None
        self._mean = np.zeros((2, 3))  # position, velocity
        self._P = np.zeros((2, 2))  # the same for the three axes
        self._rejected = 0

    def update(self, stamp_ns: int, T_base_probe: Array, x_m: float, y_m: float, sigma_m: float) -> None:
        """Add an observation of the frame stamped `stamp_ns`, taken at pose `T_base_probe`."""
        point = se3.apply(T_base_probe, np.array([x_m, 0.0, y_m]))
        if self._stamp_ns is None or stamp_ns - self._stamp_ns > 1_500_000_000 or self._rejected > 5:
            self._stamp_ns, self._rejected = stamp_ns, 0
            self._mean = np.stack([point, np.zeros(3)])
            self._P = np.diag([sigma_m**2, 0.01**2])
            return
        if stamp_ns <= self._stamp_ns:
            return
        mean, P = self._predicted(stamp_ns)
        innovation = point - mean[0]
        spread = float(P[0, 0]) + sigma_m**2
        self._stamp_ns = stamp_ns
        if float(innovation @ innovation) > self._GATE_SIGMA**2 * spread:
            self._rejected += 1
            self._mean, self._P = mean, P
            return
        self._rejected = 0
        gain = P[:, 0] / spread
        self._mean = mean + gain[:, None] * innovation
        self._P = P - np.outer(gain, P[0])

    def _predicted(self, now_ns: int) -> tuple[Array, Array]:
        dt_s = 0.0 if self._stamp_ns is None else (now_ns - self._stamp_ns) * 1e-9
        A = np.array([[1.0, dt_s], [0.0, 1.0]])
        q = self._ACCELERATION_M_S2**2
        Q = q * np.array([[dt_s**4 / 4.0, dt_s**3 / 2.0], [dt_s**3 / 2.0, dt_s**2]])
        return A @ self._mean, A @ self._P @ A.T + Q

    def now(self, now_ns: int, T_base_probe: Array) -> TargetEstimate | None:
        """Prediction for `now_ns` in the image of pose `T_base_probe`; None without an observation."""
        if self._stamp_ns is None:
            return None
        mean, P = self._predicted(now_ns)
        x, _, z = (mean[0] - T_base_probe[:3, 3]) @ T_base_probe[:3, :3]
        sigma = float(np.sqrt(P[0, 0]))
        return TargetEstimate(float(x), float(z), sigma, sigma)

    def point_m(self, now_ns: int) -> Array | None:
        """The target (3,) [m] in `base` at `now_ns`; None without an observation."""
        return None if self._stamp_ns is None else self._predicted(now_ns)[0][0]


def caution(sigma_m: float, usable_m: float) -> float:
    """Share of full speed 0..1 for a target known to `sigma_m`: one half at `usable_m` (slow when unsure)."""
    return 1.0 / (1.0 + (sigma_m / usable_m) ** 2)
