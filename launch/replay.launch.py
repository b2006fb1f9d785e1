"""A real clip through the same perception: ros2 launch echopilot replay.launch.py clip:=FILE."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable, Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

ARGUMENTS = (
    ("clip", "", "DICOM file, video file or folder of pictures"),
    ("rate", "1.0", "speed relative to the clip's own frame times"),
    ("lossless", "true", "wait for perception's result of every frame"),
    ("namespace", "", "namespace of every node"),
    ("discovery", "localhost", "localhost or subnet"),
    ("model", "", "model folder; empty: the shipped one"),
    ("out", "out/replay", "folder for the recording"),
    ("page_port", "8080", "port of the operator's page on loopback; 'none': no page"),
)
RANGES = {"localhost": "LOCALHOST", "subnet": "SUBNET"}


def nodes(context, *args, **kwargs):  # type: ignore[no-untyped-def]
    """The environment and the nodes, once the arguments are known."""
    value = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    if value["discovery"] not in RANGES:
        raise ValueError(f"discovery is {value['discovery']!r}; valid: {', '.join(RANGES)}")
    config = str(Path(get_package_share_directory("echopilot_nodes")) / "config" / "replay.yaml")
    lossless = value["lossless"].lower() == "true"
    extra = {
        "probe_source": {"clip": value["clip"], "rate": float(value["rate"]), "lossless": lossless},
        "perception": {"lockstep": lossless, "model": value["model"]},
        "lifecycle_manager": {},
        "recorder": {"out": value["out"]},
    }
    if value["page_port"] != "none":
        extra["page"] = {"port": int(value["page_port"])}
    return [
        SetEnvironmentVariable("ROS_AUTOMATIC_DISCOVERY_RANGE", RANGES[value["discovery"]]),
        *(
            Node(
                package="echopilot_nodes",
                executable=name,
                namespace=value["namespace"],
                parameters=[config, parameters],
                output="screen",
                on_exit=Shutdown() if name == "probe_source" else None,
            )
            for name, parameters in extra.items()
        ),
    ]


def generate_launch_description() -> LaunchDescription:
    """Arguments and nodes."""
    arguments = (DeclareLaunchArgument(name, default_value=value, description=text) for name, value, text in ARGUMENTS)
    return LaunchDescription([*arguments, OpaqueFunction(function=nodes)])
