"""A real clip through the same perception: ros2 launch echopilot replay.launch.py clip:=FILE."""

from launch import LaunchDescription
from launch.actions import OpaqueFunction
from launch.substitutions import LaunchConfiguration

from echopilot_bringup.launch_parts import declared, environment, graph_nodes

ARGUMENTS = (
    ("clip", "", "clip: DICOM, video, images, bag (docs/clips.md)"),
    ("rate", "1.0", "speed relative to the clip's own frame times"),
    ("depth_m", "0.0", "depth of the sector [m] of a clip without a scale; 0: not known"),
    ("mirror", "false", "exchange left and right: the marker of the clip's display was on the left"),
    ("lossless", "true", "wait for perception's result of every frame"),
    ("namespace", "", "namespace of every node"),
    ("discovery", "localhost", "localhost or subnet"),
    ("model", "", "model folder; empty: the shipped one"),
    ("out", "out/replay", "folder for the recording"),
    ("page_port", "8080", "port of the operator's page on loopback; 'none': no page"),
)


def nodes(context, *args, **kwargs):  # type: ignore[no-untyped-def]
    """The environment and the nodes, once the arguments are known."""
    value = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    lossless = value["lossless"].lower() == "true"
    extra = {
        "probe_source": {
            "clip": value["clip"],
            "rate": float(value["rate"]),
            "depth_m": float(value["depth_m"]),
            "mirror": value["mirror"].lower() == "true",
            "lossless": lossless,
            "listeners": 2,
        },
        "perception": {"lockstep": lossless, "listeners": 2, "model": value["model"]},
        "lifecycle_manager": {},
        "recorder": {"out": value["out"]},
        "standard_topics": {},
    }
    if value["page_port"] != "none":
        extra["page"] = {"port": int(value["page_port"])}
    shared = environment(value["discovery"])
    return [*shared, *graph_nodes("replay.yaml", value["namespace"], extra, ends_with=("probe_source",))]


def generate_launch_description() -> LaunchDescription:
    """Arguments and nodes."""
    return LaunchDescription([*declared(ARGUMENTS), OpaqueFunction(function=nodes)])
