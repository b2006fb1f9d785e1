"""Recent probe poses by stamp, for the pose at which a frame was acquired."""

from bisect import bisect_left
from collections import deque
from math import inf

from echopilot_core import se3
from echopilot_core.se3 import Array
from echopilot_core.timing import to_ns

MAX_GAP_S = 0.25
"""Poses of a record or of the exam's slow tick that lie further apart than this are not interpolated between."""

_RIGID = 1e-4


class PoseHistory:
    """Poses `T_base_probe` (4, 4) of the last `span_s` [s], interpolated on SE(3).

    Nothing is interpolated between poses more than `max_gap_s` [s] apart; the newest one stands for `hold_s` [s] after
    it.
    """

    def __init__(self, span_s: float, max_gap_s: float = inf, hold_s: float = 0.0) -> None:
        self._span_ns, self._hold_ns = to_ns(span_s), to_ns(hold_s)
        self._max_gap_ns = max_gap_s * 1e9
        self._stamps: deque[int] = deque()
        self._poses: deque[Array] = deque()

    def add(self, stamp_ns: int, T_base_probe: Array) -> None:
        """Remember a pose; one that is not rigid or not newer than the last is left out."""
        if not se3.is_rigid(T_base_probe, _RIGID) or (self._stamps and stamp_ns <= self._stamps[-1]):
            return
        self._stamps.append(stamp_ns)
        self._poses.append(T_base_probe)
        while stamp_ns - self._stamps[0] > self._span_ns:
            self._stamps.popleft()
            self._poses.popleft()

    def at(self, stamp_ns: int) -> Array | None:
        """Pose `T_base_probe` at `stamp_ns` [ns]; None outside the history or within a gap."""
        stamps, poses = self._stamps, self._poses
        if not stamps or not stamps[0] <= stamp_ns <= stamps[-1] + self._hold_ns:
            return None
        after = bisect_left(stamps, stamp_ns)
        if after >= len(stamps):
            return poses[-1]
        if stamps[after] == stamp_ns:
            return poses[after]
        gap_ns = stamps[after] - stamps[after - 1]
        if gap_ns > self._max_gap_ns:
            return None
        return se3.between(poses[after - 1], poses[after], (stamp_ns - stamps[after - 1]) / gap_ns)
