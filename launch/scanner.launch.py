"""A live scanner through perception: ros2 launch echopilot scanner.launch.py scanner:=igtl:HOST:PORT."""

from launch import LaunchDescription
from launch.actions import OpaqueFunction
from launch.substitutions import LaunchConfiguration

from echopilot_bringup.launch_parts import COMMON, declared, environment, flag, graph_nodes, number, whole

ARGUMENTS = (
    ("scanner", "", "v4l2:DEVICE, igtl:HOST:PORT, igtl-listen:HOST:PORT, topic:NAME or bag:FILE (docs/scanners.md)"),
    ("calibration_image", "", "image of the scanner's screen that gives crop and scale, with depth_m"),
    ("depth_m", "0.0", "depth of the sector [m] of images without a scale; 0: not known"),
    ("mirror", "false", "exchange left and right: the marker of the display is on the left"),
    ("out", "out/scanner", "folder for the recording"),
    ("igtl_port", "0", "port of an OpenIGTLink server on loopback, for 3D Slicer; 0: none"),
    *COMMON,
)


def nodes(context, *args, **kwargs):  # type: ignore[no-untyped-def]
    """The environment and the nodes, once the arguments are known."""
    value = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    extra = {
        "probe_source": {
            "scanner": value["scanner"],
            "calibration_image": value["calibration_image"],
            "depth_m": number(value, "depth_m"),
            "mirror": flag(value, "mirror"),
        },
        "perception": {"model": value["model"]},
        "lifecycle_manager": {},
        "recorder": {"out": value["out"]},
        "standard_topics": {},
    }
    if value["page_port"] != "none":
        extra["page"] = {"port": whole(value, "page_port")}
    if whole(value, "igtl_port"):
        extra["igtl_server"] = {"port": whole(value, "igtl_port")}
    shared = environment(value["discovery"])
    return [*shared, *graph_nodes("scanner.yaml", value, extra, ends_with=("probe_source",))]


def generate_launch_description() -> LaunchDescription:
    """Arguments and nodes."""
    return LaunchDescription([*declared(ARGUMENTS), OpaqueFunction(function=nodes)])
