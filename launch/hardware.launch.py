"""The graph with a real arm and scanner: ros2 launch echopilot hardware.launch.py description:=my_arm.urdf."""

from launch import LaunchDescription
from launch.actions import OpaqueFunction
from launch.substitutions import LaunchConfiguration

from echopilot_bringup.launch_parts import COMMON, EXAM, declared, environment, graph_nodes, nodes_of_an_exam, number

ROBOTS = ("topics", "simulated")
ARGUMENTS = (
    ("robot", "topics", "topics (docs/hardware.md), fr3:HOST (docs/fr3.md), or simulated: our arm and patient"),
    ("description", "", "URDF of the arm with links base and probe; empty: as in the parameter file"),
    ("scanner", "", "v4l2:DEVICE, igtl:HOST:PORT, igtl-listen:HOST:PORT, topic:NAME or bag:FILE (docs/scanners.md)"),
    ("depth_m", "0.0", "depth of the sector [m] of images without a scale; 0: not known"),
    ("calibration", "", "folder with tool.json, probe.json and time.json; empty: as in the parameter file"),
    ("patient", "", "identifier written into the record"),
    *EXAM,
    *COMMON,
)


def nodes(context, *args, **kwargs):  # type: ignore[no-untyped-def]
    """The environment and the nodes, once the arguments are known."""
    value = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    franka = value["robot"].startswith("fr3:")
    if value["robot"] not in ROBOTS and not franka:
        raise ValueError(f"robot is {value['robot']!r}; valid: {', '.join(ROBOTS)}, fr3:HOST")
    simulated, calibration = value["robot"] == "simulated", value["calibration"]
    extra = {
        "robot_bridge": {
            **({"arm": value["robot"], "description": "fr3", "rest": "", "pull": ""} if franka else {}),
            **({"description": value["description"]} if value["description"] else {}),
            **({"calibration": calibration} if calibration and not simulated else {}),
        },
        **nodes_of_an_exam(value, value["patient"]),
    }
    extra["exam"]["patient"] = value["patient"]
    del extra["scorer"]  # of virtual patients
    if simulated:
        extra["arm_driver"] = {}
        extra["exam"]["calibration"] = calibration or "simulated"
    else:
        if calibration:
            extra["exam"]["calibration"] = calibration
        extra["probe_source"] = {"scanner": value["scanner"], "depth_m": number(value, "depth_m")}
        extra["lifecycle_manager"] = {"nodes": "perception probe_source controller exam"}
    shared = environment(value["discovery"])
    first = ("arm_driver", "robot_bridge", "safety", "controller")
    return [*shared, *graph_nodes("hardware.yaml", value, extra, ends_with=("robot_bridge", "safety"), first=first)]


def generate_launch_description() -> LaunchDescription:
    """Arguments, environment and nodes."""
    return LaunchDescription([*declared(ARGUMENTS), OpaqueFunction(function=nodes)])
