"""The whole graph over a patient in Gazebo Harmonic: ros2 launch echopilot gazebo.launch.py protocol:=full."""

import os
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription, OpaqueFunction, SetEnvironmentVariable
from launch.launch_description_sources import PythonLaunchDescriptionSource
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
    patient_parameters,
)
from echopilot_gz.description import with_controllers
from echopilot_gz.world_file import read_world

ARGUMENTS = (
    ("world", "bench", "bench, operating_theater, or the path of a world with the patient's system in it"),
    ("gui", "true", "show Gazebo's window"),
    *EXAM,
    *COMMON,
)
ROBOT_Z_M = "0.87"  # of the plate on the mast of the shipped worlds


def nodes(context, *args, **kwargs):  # type: ignore[no-untyped-def]
    """The environment and the nodes of the graph, once the arguments are known."""
    value = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    world = read_world(value["world"])
    flag(value, "gui")
    extra = {
        "gz_robot": {"world": world.name, **patient_parameters(world.patient)},
        **nodes_of_an_exam(value, world.patient),
    }
    shared = environment(value["discovery"])
    return [*shared, *graph_nodes("sim.yaml", value, extra, ends_with=("gz_robot", "safety"))]


def gazebo(context, *args, **kwargs):  # type: ignore[no-untyped-def]
    """Gazebo with the robot in it, its controllers, and the bridge; all ROS names of this side are below `gz`."""
    value = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    world = read_world(value["world"])
    namespace = f"{value['namespace'].rstrip('/')}/gz"
    config = Path(get_package_share_directory("echopilot_bringup")) / "config"
    description = Path(get_package_share_directory("echopilot_description"))
    urdf = (description / "urdf" / "echopilot_arm.urdf").read_text(encoding="utf-8")
    models = (str(description / "models"), str(world.path.parent.parent / "models"))
    found = os.pathsep.join([*models, *filter(None, [os.environ.get("GZ_SIM_RESOURCE_PATH")])])
    server = PythonLaunchDescriptionSource(
        str(Path(get_package_share_directory("ros_gz_sim")) / "launch" / "gz_sim.launch.py")
    )
    headless = "" if flag(value, "gui") else "-s "
    return [
        SetEnvironmentVariable("GZ_SIM_RESOURCE_PATH", found),
        IncludeLaunchDescription(
            server, launch_arguments={"gz_args": f"-r {headless}{world.path}", "on_exit_shutdown": "true"}.items()
        ),
        Node(
            package="robot_state_publisher",
            executable="robot_state_publisher",
            namespace=namespace,
            parameters=[{"robot_description": with_controllers(urdf, config / "gz_controllers.yaml", namespace)}],
            remappings=[("/tf", "tf"), ("/tf_static", "tf_static"), OWN_CLOCK],
        ),
        Node(
            package="ros_gz_sim",
            executable="create",
            namespace=namespace,
            arguments=["-world", world.name, "-topic", "robot_description", "-name", world.robot, "-z", ROBOT_Z_M],
        ),
        Node(
            package="controller_manager",
            executable="spawner",
            namespace=namespace,
            arguments=["joint_state_broadcaster", "joint_velocity_controller", "-c", f"{namespace}/controller_manager"],
        ),
        Node(
            package="ros_gz_bridge",
            executable="bridge_node",
            namespace=namespace,
            parameters=[{"config_file": str(config / "gz_bridge.yaml")}],
        ),
        Node(
            package="ros_gz_bridge",
            executable="parameter_bridge",
            name="world_control",
            namespace=namespace,
            arguments=[f"/world/{world.name}/control@ros_gz_interfaces/srv/ControlWorld"],
        ),
    ]


def generate_launch_description() -> LaunchDescription:
    """Arguments, environment, Gazebo and the nodes."""
    return LaunchDescription(
        [*declared(ARGUMENTS), OpaqueFunction(function=nodes), OpaqueFunction(function=gazebo)],
    )
