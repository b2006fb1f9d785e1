"""A short history of probe poses, so that a frame is placed where the probe was when it was acquired."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from echopilot_core import RobotState, se3

HISTORY_S = 2.0
MAX_GAP_S = 0.25
"""Robot states further apart than this are not interpolated between."""

T_PROBE_IMAGE = se3.transform(se3.R_PROBE_US_IMAGE, np.zeros(3))


class PoseHistory:
    """Poses of the last two seconds; the exam sees one every 50 ms and interpolates on SE(3) between them."""

    def __init__(self) -> None:
        self._poses: deque[tuple[int, NDArray[np.float64]]] = deque()

    def add(self, robot: RobotState) -> None:
        """Remember one pose; one that is not rigid or not newer than the last is left out."""
        if not se3.is_rigid(robot.T_base_probe, 1e-4) or (self._poses and robot.stamp_ns <= self._poses[-1][0]):
            return
        self._poses.append((robot.stamp_ns, robot.T_base_probe))
        while robot.stamp_ns - self._poses[0][0] > HISTORY_S * 1e9:
            self._poses.popleft()

    def image_pose(self, stamp_ns: int) -> NDArray[np.float64] | None:
        """`T_base_us_image` (4, 4) at a stamp, or None when no two poses enclose it closely."""
        previous: tuple[int, NDArray[np.float64]] | None = None
        for stamp, T_base_probe in self._poses:
            if stamp == stamp_ns:
                return T_base_probe @ T_PROBE_IMAGE
            if stamp > stamp_ns:
                if previous is None or stamp - previous[0] > MAX_GAP_S * 1e9:
                    return None
                fraction = (stamp_ns - previous[0]) / (stamp - previous[0])
                step = se3.log(se3.inverse(previous[1]) @ T_base_probe)
                return previous[1] @ se3.exp(fraction * step) @ T_PROBE_IMAGE
            previous = (stamp, T_base_probe)
        return None
