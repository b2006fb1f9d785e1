"""The robot's description for Gazebo under ros2_control."""

from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from echopilot_core import EchoPilotError
from echopilot_core.paths import share_file
from echopilot_gz.description import with_controllers

URDF = share_file("echopilot_description", "urdf/echopilot_arm.urdf").read_text(encoding="utf-8")


def test_the_plugin_loads_the_controllers_and_nothing_else_changes(tmp_path: Path) -> None:
    parameters = tmp_path / "a & b.yaml"
    plain, made = fromstring(URDF), fromstring(with_controllers(URDF, parameters))
    (plugin,) = made.findall("gazebo/plugin")
    assert plugin.attrib == {
        "filename": "gz_ros2_control-system",
        "name": "gz_ros2_control::GazeboSimROS2ControlPlugin",
    }
    assert plugin.findtext("parameters") == str(parameters)
    assert [child.tag for child in made] == [*(child.tag for child in plain), "gazebo"]


def test_a_description_without_control_or_with_the_plugin_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match="no <ros2_control> block"):
        with_controllers("<robot name='a'/>", tmp_path)
    with pytest.raises(EchoPilotError, match="already"):
        with_controllers(with_controllers(URDF, tmp_path), tmp_path)
