"""A real clip through the same perception: ros2 launch echopilot replay.launch.py clip:=FILE."""

from launch import LaunchDescription
from launch.actions import OpaqueFunction
from launch.substitutions import LaunchConfiguration

from echopilot_bringup.launch_parts import COMMON, declared, environment, flag, graph_nodes, number, whole

ARGUMENTS = (
    ("clip", "", "clip: DICOM, video, images, bag (docs/clips.md)"),
    ("rate", "1.0", "speed relative to the clip's own frame times"),
    ("depth_m", "0.0", "depth of the sector [m] of a clip without a scale; 0: not known"),
    ("mirror", "false", "exchange left and right: the marker of the clip's display was on the left"),
    ("lossless", "true", "wait for perception's result of every frame"),
    ("loop", "false", "start again at the end of the clip, where the graph ends otherwise"),
    ("out", "out/replay", "folder for the recording"),
    *COMMON,
)


def nodes(context, *args, **kwargs):  # type: ignore[no-untyped-def]
    """The environment and the nodes, once the arguments are known."""
    value = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    lossless = flag(value, "lossless")
    extra = {
        "probe_source": {
            "clip": value["clip"],
            "rate": number(value, "rate"),
            "depth_m": number(value, "depth_m"),
            "mirror": flag(value, "mirror"),
            "lossless": lossless,
            "loop": flag(value, "loop"),
            "ends": True,
            "listeners": 2,
        },
        "perception": {"lockstep": lossless, "listeners": 2, "model": value["model"]},
        "lifecycle_manager": {},
        "recorder": {"out": value["out"]},
        "standard_topics": {},
    }
    if value["page_port"] != "none":
        extra["page"] = {"port": whole(value, "page_port")}
    shared = environment(value["discovery"])
    return [*shared, *graph_nodes("replay.yaml", value, extra, ends_with=("probe_source",))]


def generate_launch_description() -> LaunchDescription:
    """Arguments and nodes."""
    return LaunchDescription([*declared(ARGUMENTS), OpaqueFunction(function=nodes)])
