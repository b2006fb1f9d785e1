"""Parts that the launch files share: declared arguments, the reach of discovery, and the nodes of a graph.

Imported by launch files alone: `launch` and `launch_ros` come with apt ROS, not with the wheels.
"""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable, Shutdown
from launch_ros.actions import Node

RANGES = {"localhost": "LOCALHOST", "subnet": "SUBNET"}
OF_THE_PATIENT = ("simulator", "gz_robot", "arm_driver", "scorer")
COME_BACK = ("recorder", "report", "page", "standard_topics", "perception", "scorer", "igtl_server")
"""Nodes that are started again when they end; of the others an operator decides."""
FIRST = "nice -n -10"  # goes on without where the user may not
RESPAWN_S = 1.0
END_S = "30"  # that a node may take to end: the recorder writes the rest of its file
LOG_LEVELS = ("debug", "info", "warn", "error", "fatal")
OWN_CLOCK = ("/clock", "clock")  # two simulated graphs in two namespaces have two times
COMMON = (
    ("namespace", "", "namespace of every node"),
    ("discovery", "localhost", "localhost or subnet"),
    ("model", "", "model folder; empty: the shipped one"),
    ("page_port", "8080", "port of the operator's page on loopback; 'none': no page"),
    ("params", "", "parameter file (YAML) that has the last word; empty: none"),
    ("log_level", "info", "debug, info, warn, error or fatal"),
)
"""Arguments of every launch file."""
EXAM = (
    (
        "protocol",
        "full",
        "exam to start (aorta, cardiac, full, screening, complete, a YAML file); 'none': wait for exam/run",
    ),
    ("out", "out/exam", "folder for the record, the recording and the report"),
    ("igtl_port", "0", "port of an OpenIGTLink server on loopback, for 3D Slicer; 0: none"),
    ("foxglove_port", "0", "port of a read-only Foxglove server on loopback; 0: none"),
)
"""Arguments of every launch file with an exam."""


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


def patient_parameters(patient: str) -> dict[str, object]:
    """Parameters of the simulator for a patient by name or by seed."""
    return {"seed": int(patient)} if patient.isascii() and patient.isdigit() else {"patient": patient}


def whole(values: Mapping[str, str], name: str) -> int:
    """A whole number among the values of arguments; ValueError in one line for anything else."""
    try:
        return int(values[name])
    except ValueError:
        raise ValueError(f"{name} is {values[name]!r}; valid: a whole number") from None


def number(values: Mapping[str, str], name: str) -> float:
    """A number among the values of arguments; ValueError in one line for anything else."""
    try:
        return float(values[name])
    except ValueError:
        raise ValueError(f"{name} is {values[name]!r}; valid: a number") from None


def flag(values: Mapping[str, str], name: str) -> bool:
    """Yes or no among the values of arguments; ValueError in one line for anything else."""
    if values[name].lower() not in ("true", "false"):
        raise ValueError(f"{name} is {values[name]!r}; valid: true, false")
    return values[name].lower() == "true"


def nodes_of_an_exam(values: Mapping[str, str], patient: str) -> dict[str, dict[str, object]]:
    """Parameters, per node, of all nodes of an exam of a virtual patient but the robot's."""
    nodes: dict[str, dict[str, object]] = {
        "perception": {"model": values["model"]},
        "controller": {},
        "safety": {},
        "exam": {
            "out": values["out"],
            "patient": f"virtual-{patient}",
            "run": "" if values["protocol"] == "none" else values["protocol"],
        },
        "lifecycle_manager": {},
        "recorder": {"out": values["out"]},
        "report": {},
        "standard_topics": {},
        "scorer": {},
    }
    if values["page_port"] != "none":
        nodes["page"] = {"port": whole(values, "page_port"), "foxglove_port": whole(values, "foxglove_port")}
    if whole(values, "igtl_port"):
        nodes["igtl_server"] = {"port": whole(values, "igtl_port")}
    return nodes


def graph_nodes(
    config: str,
    values: Mapping[str, str],
    parameters: Mapping[str, Mapping[str, object]],
    ends_with: Collection[str],
    first: Collection[str] = (),
) -> list[Node]:
    """One process per node of a graph, each in its enclave of the SROS 2 policy.

    Args:
        config: parameter file in the share folder of echopilot_bringup.
        values: of the launch arguments, those of COMMON among them.
        parameters: per node, what the launch arguments say beyond the file; a file in `params` has the last word.
        ends_with: nodes whose end shuts the graph down.
        first: nodes that get the processor before others, where the user may say so.
    """
    file = str(Path(get_package_share_directory("echopilot_bringup")) / "config" / config)
    more = values["params"]
    if more and not Path(more).is_file():
        raise ValueError(f"params is {more!r}; valid: a parameter file in YAML that is there")
    if values["log_level"] not in LOG_LEVELS:
        raise ValueError(f"log_level is {values['log_level']!r}; valid: {', '.join(LOG_LEVELS)}")
    return [
        Node(
            package="echopilot_sim_nodes" if name in OF_THE_PATIENT else "echopilot_nodes",
            executable=name,
            namespace=values["namespace"],
            remappings=[OWN_CLOCK],
            parameters=[file, dict(own), *([more] if more else [])],
            ros_arguments=["--enclave", f"/echopilot/{name}", "--log-level", values["log_level"]],
            output="screen",
            prefix=FIRST if name in first else None,
            on_exit=Shutdown() if name in ends_with else None,
            respawn=name in COME_BACK,
            respawn_delay=RESPAWN_S,
            sigterm_timeout=END_S,
        )
        for name, own in parameters.items()
    ]
