"""The whole graph with a virtual patient: ros2 launch echopilot sim.launch.py protocol:=full."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from echopilot_bringup.launch_parts import (
    COMMON,
    EXAM,
    OWN_CLOCK,
    declared,
    environment,
    flag,
    graph_nodes,
    nodes_of_an_exam,
    number,
    whole,
)

ARGUMENTS = (
    ("seed", "600000", "virtual patient"),
    ("rviz", "false", "show RViz"),
    ("lockstep", "true", "simulated time waits for every node"),
    ("realtime_factor", "1.0", "fastest simulated seconds per wall second; 0.0: as fast as possible"),
    ("arm", "", "robot that holds the probe; empty: as in the parameters of simulator"),
    ("gel", "", "film of coupling gel on the face at the start [m]; empty: as in the parameters of simulator"),
    ("quality", "", "B-mode renderer, fast or full; empty: as in the parameter file"),
    ("calibration", "", "folder with probe.json and time.json; empty: as in the parameter file"),
    *EXAM,
    *COMMON,
)


def nodes(context, *args, **kwargs):  # type: ignore[no-untyped-def]
    """The environment and the nodes, once the arguments are known."""
    value = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    lockstep, given = flag(value, "lockstep"), {name: text for name, text in value.items() if text}
    extra = {
        "simulator": {
            "seed": whole(value, "seed"),
            "lockstep": lockstep,
            "realtime_factor": number(value, "realtime_factor"),
            **{name: given[name] for name in ("arm", "quality") if name in given},
            **({"gel": number(value, "gel")} if "gel" in given else {}),
            "start": "with_exam" if lockstep and value["protocol"] != "none" else "immediately",
        },
        **nodes_of_an_exam(value, value["seed"]),
    }
    for name in ("perception", "controller", "exam"):
        extra[name]["lockstep"] = lockstep
    if "calibration" in given:
        extra["exam"]["calibration"] = given["calibration"]
    shared = environment(value["discovery"])
    return [*shared, *graph_nodes("sim.yaml", value, extra, ends_with=("simulator", "safety"))]


def generate_launch_description() -> LaunchDescription:
    """Arguments, environment and nodes."""
    layout = Path(get_package_share_directory("echopilot_description")) / "rviz" / "echopilot.rviz"
    return LaunchDescription(
        [
            *declared(ARGUMENTS),
            OpaqueFunction(function=nodes),
            Node(
                package="rviz2",
                executable="rviz2",
                arguments=["-d", str(layout)] if layout.exists() else [],
                namespace=LaunchConfiguration("namespace"),
                remappings=[("/tf", "tf"), ("/tf_static", "tf_static"), OWN_CLOCK],  # of this graph
                parameters=[{"use_sim_time": True}],
                condition=IfCondition(LaunchConfiguration("rviz")),
            ),
        ]
    )
