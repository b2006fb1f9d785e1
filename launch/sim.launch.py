"""The whole graph with a virtual patient: ros2 launch echopilot sim.launch.py protocol:=full."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from echopilot_bringup.launch_parts import declared, environment, graph_nodes

ARGUMENTS = (
    ("seed", "600000", "virtual patient"),
    (
        "protocol",
        "full",
        "exam to start (aorta, cardiac, full, complete, a YAML file); 'none': wait for exam/run",
    ),
    ("namespace", "", "namespace of every node"),
    ("discovery", "localhost", "localhost or subnet"),
    ("rviz", "false", "show RViz"),
    ("lockstep", "true", "simulated time waits for every node"),
    ("realtime_factor", "1.0", "fastest simulated seconds per wall second; 0.0: as fast as possible"),
    ("model", "", "model folder; empty: the shipped one"),
    ("out", "out/exam", "folder for the record, the recording and the report"),
    ("page_port", "8080", "port of the operator's page on loopback; 'none': no page"),
    ("foxglove_port", "0", "port of a read-only Foxglove server on loopback; 0: none"),
)


def nodes(context, *args, **kwargs):  # type: ignore[no-untyped-def]
    """The environment and the nodes, once the arguments are known."""
    value = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    lockstep = value["lockstep"].lower() == "true"
    extra = {
        "simulator": {
            "seed": int(value["seed"]),
            "lockstep": lockstep,
            "realtime_factor": float(value["realtime_factor"]),
            "start": "with_exam" if lockstep and value["protocol"] != "none" else "immediately",
        },
        "perception": {"lockstep": lockstep, "model": value["model"]},
        "controller": {"lockstep": lockstep},
        "safety": {},
        "exam": {
            "lockstep": lockstep,
            "out": value["out"],
            "patient": f"virtual-{value['seed']}",
            "run": "" if value["protocol"] == "none" else value["protocol"],
        },
        "lifecycle_manager": {},
        "recorder": {"out": value["out"]},
        "report": {},
        "standard_topics": {},
        "scorer": {},
    }
    if value["page_port"] != "none":
        extra["page"] = {"port": int(value["page_port"]), "foxglove_port": int(value["foxglove_port"])}
    shared = environment(value["discovery"])
    return [*shared, *graph_nodes("sim.yaml", value["namespace"], extra, ends_with=("simulator", "safety"))]


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
                remappings=[("/tf", "tf"), ("/tf_static", "tf_static")],  # of this graph, in its namespace
                parameters=[{"use_sim_time": True}],
                condition=IfCondition(LaunchConfiguration("rviz")),
            ),
        ]
    )
