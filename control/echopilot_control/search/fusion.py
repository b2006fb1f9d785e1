"""Fusion of the guidance of many frames into one pose of the target in `base`."""

import numpy as np

from echopilot_core import Array, Guidance, se3

_FLOOR = np.array([0.002, 0.002, 0.002, 0.025, 0.025, 0.025])
_CORRELATION = 2.0  # errors of neighboring frames are correlated: sigma counts double
_WALK = np.array([0.004, 0.004, 0.004, 0.04, 0.04, 0.04])  # per sqrt(s): old frames fade
_GATE = 30.0  # squared Mahalanobis distance of a 6-vector: 1 in 25 000
_REJECT_LIMIT = 10


class TargetFuser:
    """Kalman filter on SE(3) with error in the target's own axes (Barfoot 2017, ch. 7; diagonal covariance).

    Each guidance gives T_base_target = T_base_probe(stamp) exp(motion). With `forgets` the target may wander (it moves
    with breathing), without it the result is the weighted mean of all frames since the last reset.
    """

    def __init__(self, forgets: bool = True) -> None:
        self._walk = _WALK if forgets else np.zeros(6)
        self.reset()

    def reset(self) -> None:
        """Forget the target."""
        self.T_base_target: Array | None = None
        self.variance = np.zeros(6)
        self.count = 0
        self._rejected = 0
        self._stamp_ns = 0

    def update(self, stamp_ns: int, T_base_probe: Array, guidance: Guidance) -> bool:
        """Add the guidance of the frame stamped `stamp_ns` taken at `T_base_probe`; False when it was gated out."""
        if not (np.isfinite(guidance.relative_pose_twist).all() and np.isfinite(guidance.sigma).all()):
            return False
        measured: Array = T_base_probe @ se3.exp(guidance.relative_pose_twist)
        noise = (_CORRELATION * np.maximum(guidance.sigma, _FLOOR)) ** 2
        if self.T_base_target is None or self._rejected > _REJECT_LIMIT:
            self.T_base_target, self.variance = measured, noise
            self.count, self._rejected, self._stamp_ns = 1, 0, stamp_ns
            return True
        dt_s = min(max((stamp_ns - self._stamp_ns) * 1e-9, 0.0), 1.0)
        self._stamp_ns = stamp_ns
        self.variance = self.variance + self._walk**2 * dt_s
        error = se3.log(se3.inverse(self.T_base_target) @ measured)
        if float(np.sum(error**2 / (self.variance + noise))) > _GATE:
            self._rejected += 1
            return False
        self._rejected = 0
        gain = self.variance / (self.variance + noise)
        self.T_base_target = self.T_base_target @ se3.exp(gain * error)
        self.variance = (1.0 - gain) * self.variance
        self.count += 1
        return True

    @property
    def sigma(self) -> Array:
        """Standard deviation (6,) [m, rad] in the target's axes."""
        return np.sqrt(self.variance)
