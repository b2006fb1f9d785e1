"""Topic control/jog: the operator's probe twist, used in guided steps alone."""

import math

import numpy as np
from geometry_msgs.msg import TwistStamped
from rclpy.node import Node

from echopilot_control.hand_guiding import Jog
from echopilot_nodes.graph import qos, topics

FRAMES = ("", "probe")


class JogInput:
    """The newest jog, stamped by the tick that first sees it: sticks and pages have clocks of their own."""

    def __init__(self, node: Node) -> None:
        self._log = node.get_logger()
        self._waiting: np.ndarray | None = None
        self._jog: Jog | None = None
        self._subscription = node.create_subscription(TwistStamped, topics.CONTROL_JOG, self._on_jog, qos.STATE)

    def newest(self, now_ns: int) -> Jog | None:
        """The newest jog; how old one may be is the controller's business."""
        if self._waiting is not None:
            self._jog, self._waiting = Jog(now_ns, self._waiting), None
        return self._jog

    def _on_jog(self, message: TwistStamped) -> None:
        linear, angular = message.twist.linear, message.twist.angular
        twist = (linear.x, linear.y, linear.z, angular.x, angular.y, angular.z)
        if message.header.frame_id not in FRAMES or not all(math.isfinite(x) for x in twist):
            self._log.error("jog refused: it must be finite and in frame probe", throttle_duration_sec=1.0)
            return
        self._waiting = np.array(twist)
