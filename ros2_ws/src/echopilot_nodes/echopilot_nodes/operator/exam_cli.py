"""Requests from the foreground: stop, resume or skip of an exam, a reset of safety, or a jog in a guided step."""

import argparse
import sys
import time

import rclpy
from echopilot_msgs.srv import ResetSafety
from geometry_msgs.msg import TwistStamped, Vector3
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.context import init

SERVICES = {
    "stop": topics.EXAM_STOP,
    "resume": topics.EXAM_RESUME,
    "skip": topics.EXAM_SKIP,
    "reset": topics.RESET_SAFETY,
}
WAIT_S = 5.0
JOG_PERIOD_S = 0.05


def send_request(node: Node, request: str, operator: str = "") -> tuple[bool, str]:
    """Call one of the services; whether it was taken, and what was said."""
    kind = ResetSafety if request == "reset" else Trigger
    client = node.create_client(kind, SERVICES[request])
    if not client.wait_for_service(timeout_sec=WAIT_S):
        return False, f"no node answers on {SERVICES[request]}; is the graph running in this ROS domain?"
    message = ResetSafety.Request(operator_name=operator) if request == "reset" else Trigger.Request()
    future = client.call_async(message)
    rclpy.spin_until_future_complete(node, future, timeout_sec=WAIT_S)
    if not future.done() or future.result() is None:
        return False, f"no answer within {WAIT_S:g} s"
    return bool(future.result().success), str(future.result().message)


def jog(node: Node, twist: list[float], seconds: float) -> tuple[bool, str]:
    """Publish a twist in `probe` (m/s, rad/s) for some seconds; the probe stands once it falls silent."""
    publisher = node.create_publisher(TwistStamped, topics.CONTROL_JOG, qos.STATE)
    end_s = time.monotonic() + WAIT_S
    while publisher.get_subscription_count() == 0:
        if time.monotonic() > end_s:
            return False, f"no controller listens on {topics.CONTROL_JOG}; is the graph running in this ROS domain?"
        rclpy.spin_once(node, timeout_sec=JOG_PERIOD_S)
    message = TwistStamped()
    message.header.frame_id = "probe"
    message.twist.linear = Vector3(x=twist[0], y=twist[1], z=0.0)
    message.twist.angular = Vector3(x=twist[2], y=twist[3], z=twist[4])
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        publisher.publish(message)
        rclpy.spin_once(node, timeout_sec=JOG_PERIOD_S)
    return True, f"jogged for {seconds:g} s"


def main() -> int:
    """Exit code 0 when the request was taken, 2 with one line when not."""
    parser = argparse.ArgumentParser(description="Ask a running exam.")
    parser.add_argument("request", choices=[*SERVICES, "jog"])
    parser.add_argument("--twist", type=float, nargs=5, default=[0.0] * 5, help="x y [m/s], about x y z [rad/s]")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--operator", default="", help="name of whoever resets safety")
    given = parser.parse_args()
    init()
    node = Node("exam_ask", parameter_overrides=[Parameter("use_sim_time", value=False)])
    try:
        if given.request == "jog":
            taken, said = jog(node, given.twist, given.seconds)
        else:
            taken, said = send_request(node, given.request, given.operator)
    except KeyboardInterrupt:
        return 130
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    print(said, file=sys.stderr)
    return 0 if taken else 2


if __name__ == "__main__":
    sys.exit(main())
