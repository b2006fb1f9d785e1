"""The ROS context of a process of the graph: DDS over UDP, never over shared memory.

Fast DDS 2.14 keeps what it sends to a reader on the same machine in one shared segment of 512 KiB per process. A reader
that is killed never releases its part: the free memory falls apart into small holes, and from then on images and
surfaces are dropped without an error, for all other readers too (Fast DDS issue 5469). One killed node, or one killed
`ros2 topic echo`, would silence the images of the whole graph.
"""

import os
from collections.abc import MutableMapping

import rclpy
from rclpy.signals import SignalHandlerOptions

from echopilot_core.paths import share_file

PROFILES = "FASTRTPS_DEFAULT_PROFILES_FILE"
TRANSPORTS = "FASTDDS_BUILTIN_TRANSPORTS"
RANGE = "ROS_AUTOMATIC_DISCOVERY_RANGE"
PEERS = "ROS_STATIC_PEERS"


def init(args: list[str] | None = None, domain_id: int | None = None) -> None:
    """`rclpy.init` with Python's own signal handlers and the transport of `use_udp`."""
    use_udp(os.environ)
    rclpy.init(args=args, domain_id=domain_id, signal_handler_options=SignalHandlerOptions.NO)


def use_udp(environment: MutableMapping[str, str]) -> None:
    """Keep participants of this environment off shared memory, unless the user has chosen transports.

    Within LOCALHOST rmw_fastrtps adds shared memory whatever the built-in transports are. There a profile takes its
    place that reaches as far and no farther: sockets of 127.0.0.1 alone. Other tools of the machine still find it.
    Static peers (ROS_STATIC_PEERS) need what rmw_fastrtps sets up; within LOCALHOST it then keeps shared memory.
    """
    if environment.get(PROFILES) or environment.get(TRANSPORTS):
        return
    environment[TRANSPORTS] = "UDPv4"
    if environment.get(RANGE) == "LOCALHOST" and not environment.get(PEERS):
        environment[PROFILES] = str(share_file("echopilot_nodes", "config/fastdds_loopback.xml"))
        environment[RANGE] = "SYSTEM_DEFAULT"
