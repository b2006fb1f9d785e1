"""Launch files start the nodes of their graph with their own parameters, and refuse an unknown reach of discovery.

`launch` and `launch_ros` come with apt ROS alone, so classes that only remember their arguments stand in for theirs.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = {
    "launch": ("LaunchDescription",),
    "launch.actions": (
        "DeclareLaunchArgument",
        "IncludeLaunchDescription",
        "OpaqueFunction",
        "SetEnvironmentVariable",
        "Shutdown",
    ),
    "launch.conditions": ("IfCondition",),
    "launch.launch_description_sources": ("PythonLaunchDescriptionSource",),
    "launch.substitutions": ("LaunchConfiguration",),
    "launch_ros": (),
    "launch_ros.actions": ("Node",),
}
ENDS_WITH = {
    "sim": {"simulator", "safety"},
    "gazebo": {"gz_robot", "safety"},
    "replay": {"probe_source"},
    "scanner": {"probe_source"},
    "hardware": {"robot_bridge", "safety"},
}
CONFIG = {"gazebo": "sim.yaml"}  # of its own name for the others
SOURCES = ROOT / "ros2_ws" / "src"
BAD_ARGUMENTS = {
    "seed": ("abc", "a whole number"),
    "rate": ("fast", "a number"),
    "lockstep": ("maybe", "true, false"),
    "lossless": ("maybe", "true, false"),
    "log_level": ("loud", "debug, info, warn, error, fatal"),
    "params": ("/nowhere.yaml", "a parameter file"),
    "page_port": ("first", "a whole number"),
    "foxglove_port": ("first", "a whole number"),
    "igtl_port": ("first", "a whole number"),
    "depth_m": ("deep", "a number"),
    "mirror": ("maybe", "true, false"),
    "gui": ("maybe", "true, false"),
    "robot": ("magic", "topics, simulated"),
}
"""By argument: a wrong value and what is said to be valid."""


class Remembers:
    """Stands for a class of launch."""

    def __init__(self, *values: object, **named: object) -> None:
        self.values, self.named = values, named

    def perform(self, context: dict[str, str]) -> str:
        return context[str(self.values[0])]


@pytest.fixture(params=["sim", "gazebo", "replay", "scanner", "hardware"])
def launched(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Any]:
    for module, names in NAMES.items():
        made = ModuleType(module)
        for name in names:
            setattr(made, name, type(name, (Remembers,), {}))
        monkeypatch.setitem(sys.modules, module, made)
    monkeypatch.delitem(sys.modules, "echopilot_bringup.launch_parts", raising=False)
    index = ModuleType("ament_index_python.packages")
    index.get_package_share_directory = lambda package: f"/share/{package}"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ament_index_python", ModuleType("ament_index_python"))
    monkeypatch.setitem(sys.modules, "ament_index_python.packages", index)
    spec = importlib.util.spec_from_file_location("launched", ROOT / "launch" / f"{request.param}.launch.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.delitem(sys.modules, "echopilot_bringup.launch_parts")
    return request.param, module


def test_every_argument_is_declared_and_every_node_gets_the_file_and_its_own_parameters(
    launched: tuple[str, Any],
) -> None:
    name, module = launched
    description = module.generate_launch_description().values[0]
    declared = {a.values[0]: a.named["default_value"] for a in description if type(a).__name__.startswith("Declare")}
    assert declared == {name: value for name, value, _ in module.ARGUMENTS}
    parent, reach, *nodes = module.nodes(declared | {"namespace": "lab", "out": "/there"})
    assert parent.values == ("ECHOPILOT_END_WITH_PARENT", "")
    assert reach.values == ("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    started = {node.named["executable"]: node.named for node in nodes}
    assert {"perception", "lifecycle_manager", "recorder", "page"} < set(started)
    for executable, node in started.items():
        of_the_patient = executable in ("simulator", "gz_robot", "scorer")
        assert node["package"] == ("echopilot_sim_nodes" if of_the_patient else "echopilot_nodes")
        assert node["namespace"] == "lab"
        assert node["sigterm_timeout"] == "30"  # not launch's 5 s: the recorder has a file to finish
        assert node["parameters"][0] == f"/share/echopilot_bringup/config/{CONFIG.get(name, f'{name}.yaml')}"
    assert started["recorder"]["parameters"][1] == {"out": "/there"}
    assert {executable for executable, node in started.items() if node["on_exit"] is not None} == ENDS_WITH[name]


def test_every_node_has_the_clock_of_its_namespace_and_the_log_level_and_file_that_were_given(
    launched: tuple[str, Any], tmp_path: Path
) -> None:
    _, module = launched
    file = tmp_path / "mine.yaml"
    file.write_text("{}")
    values = {name: value for name, value, _ in module.ARGUMENTS}
    for node in module.nodes(values | {"params": str(file), "log_level": "warn"})[2:]:
        assert ("/clock", "clock") in node.named["remappings"]
        assert node.named["parameters"][-1] == str(file)
        assert node.named["ros_arguments"][-2:] == ["--log-level", "warn"]


def test_a_bad_argument_is_one_line_with_what_is_valid(launched: tuple[str, Any]) -> None:
    _, module = launched
    values = {known: value for known, value, _ in module.ARGUMENTS}
    bad = {name: pair for name, pair in BAD_ARGUMENTS.items() if name in values}
    assert len(bad) >= 5
    for name, (text, valid) in bad.items():
        with pytest.raises(ValueError, match=f"^{name} is '{text}'; valid: {valid}"):
            module.nodes(values | {name: text})


def test_what_is_not_given_is_left_to_the_parameter_file(launched: tuple[str, Any]) -> None:
    name, module = launched
    values = {known: value for known, value, _ in module.ARGUMENTS}
    optional = {"arm", "gel", "quality", "calibration"}
    own = {node.named["executable"]: node.named["parameters"][1] for node in module.nodes(values)[2:]}
    assert all(optional.isdisjoint(parameters) for parameters in own.values())
    if name == "hardware":
        given = {"description": "/arm.urdf", "calibration": "/cal", "scanner": "topic:usb", "patient": "p1"}
        own = {node.named["executable"]: node.named["parameters"][1] for node in module.nodes(values | given)[2:]}
        assert own["robot_bridge"] == {"description": "/arm.urdf", "calibration": "/cal"}
        assert own["probe_source"]["scanner"] == "topic:usb" and "arm_driver" not in own and "scorer" not in own
        assert own["exam"]["calibration"] == "/cal" and own["exam"]["patient"] == "p1"
        assert own["lifecycle_manager"]["nodes"].split() == ["perception", "probe_source", "controller", "exam"]
        made = module.nodes(values | {"robot": "simulated"})[2:]
        own = {node.named["executable"]: node.named["parameters"][1] for node in made}
        assert "arm_driver" in own and "probe_source" not in own and own["exam"]["calibration"] == "simulated"
    if name == "sim":
        given = {"arm": "ur5e_like", "gel": "0.004", "quality": "full", "calibration": "/cal"}
        own = {node.named["executable"]: node.named["parameters"][1] for node in module.nodes(values | given)[2:]}
        assert (own["simulator"]["arm"], own["simulator"]["gel"], own["simulator"]["quality"]) == (
            "ur5e_like",
            0.004,
            "full",
        )
        assert own["exam"]["calibration"] == "/cal"


def test_no_page_is_started_where_none_is_asked_for(launched: tuple[str, Any]) -> None:
    _, module = launched
    values = {name: value for name, value, _ in module.ARGUMENTS} | {"page_port": "none"}
    assert "page" not in [node.named["executable"] for node in module.nodes(values)[2:]]


def test_an_unknown_reach_is_refused_with_the_valid_ones(launched: tuple[str, Any]) -> None:
    _, module = launched
    values = {name: value for name, value, _ in module.ARGUMENTS} | {"discovery": "world"}
    with pytest.raises(ValueError, match="localhost, subnet"):
        module.nodes(values)


def test_gazebo_and_the_graph_have_the_same_world_patient_and_names(
    launched: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, module = launched
    if name != "gazebo":
        pytest.skip("of Gazebo's launch file")
    monkeypatch.setattr(module, "get_package_share_directory", lambda package: str(SOURCES / package))
    values = {name: value for name, value, _ in module.ARGUMENTS} | {"namespace": "/lab", "gui": "false"}
    robot = next(node for node in module.nodes(values)[2:] if node.named["executable"] == "gz_robot")
    assert robot.named["parameters"][1] == {"world": "echopilot_bench", "patient": "normal"}
    resources, server, *side = module.gazebo(values)
    assert str(SOURCES / "echopilot_description" / "models") in resources.values[1].split(":")
    arguments = dict(server.named["launch_arguments"])
    assert arguments["gz_args"].startswith("-r -s ") and arguments["gz_args"].endswith("worlds/bench.sdf")
    assert {node.named["namespace"] for node in side} == {"/lab/gz"}
    started = {node.named["executable"]: node.named for node in side}
    urdf = started["robot_state_publisher"]["parameters"][0]["robot_description"]
    assert "<namespace>/lab/gz</namespace>" in urdf and str(SOURCES / "echopilot_bringup/config") in urdf
    assert started["create"]["arguments"][:2] == ["-world", "echopilot_bench"]
    assert started["parameter_bridge"]["arguments"] == [
        "/world/echopilot_bench/control@ros_gz_interfaces/srv/ControlWorld"
    ]


@pytest.mark.parametrize(
    ("patient", "parameters"), [("600002", {"seed": 600_002}), ("aaa_small", {"patient": "aaa_small"})]
)
def test_a_patient_by_seed_or_by_name(launched: tuple[str, Any], patient: str, parameters: dict[str, object]) -> None:
    name, module = launched
    if name != "gazebo":
        pytest.skip("of Gazebo's launch file")
    assert module.patient_parameters(patient) == parameters
