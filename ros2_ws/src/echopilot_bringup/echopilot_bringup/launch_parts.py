"""Parts that the launch files share: declared arguments, the reach of discovery, and the nodes of a graph.

Imported by launch files alone: `launch` and `launch_ros` come with apt ROS, not with the wheels.
"""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable, Shutdown
from launch_ros.actions import Node

RANGES = {"localhost": "LOCALHOST", "subnet": "SUBNET"}
OF_THE_PATIENT = ("simulator", "scorer")
COME_BACK = ("recorder", "report", "page", "standard_topics", "perception", "scorer")  # others: an operator decides
RESPAWN_S = 1.0


def declared(arguments: Iterable[tuple[str, str, str]]) -> list[DeclareLaunchArgument]:
    """Launch arguments from triples of name, default value and description."""
    return [DeclareLaunchArgument(name, default_value=value, description=text) for name, value, text in arguments]


def environment(reach: str) -> list[SetEnvironmentVariable]:
    """How far DDS looks for others, and that nodes end with launch; ValueError for anything but the keys of RANGES."""
    if reach not in RANGES:
        raise ValueError(f"discovery is {reach!r}; valid: {', '.join(RANGES)}")
    return [
        SetEnvironmentVariable("ECHOPILOT_END_WITH_PARENT", ""),  # also when launch is killed outright
        SetEnvironmentVariable("ROS_AUTOMATIC_DISCOVERY_RANGE", RANGES[reach]),
    ]


def graph_nodes(
    config: str, namespace: str, parameters: Mapping[str, Mapping[str, object]], ends_with: Collection[str]
) -> list[Node]:
    """One process per node of a graph, each in its enclave of the SROS 2 policy.

    Args:
        config: parameter file in the share folder of echopilot_bringup.
        namespace: of every node.
        parameters: per node, what the launch arguments say beyond the file.
        ends_with: nodes whose end shuts the graph down.
    """
    file = str(Path(get_package_share_directory("echopilot_bringup")) / "config" / config)
    return [
        Node(
            package="echopilot_sim_nodes" if name in OF_THE_PATIENT else "echopilot_nodes",
            executable=name,
            namespace=namespace,
            parameters=[file, dict(own)],
            ros_arguments=["--enclave", f"/echopilot/{name}"],
            output="screen",
            on_exit=Shutdown() if name in ends_with else None,
            respawn=name in COME_BACK,
            respawn_delay=RESPAWN_S,
        )
        for name, own in parameters.items()
    ]
