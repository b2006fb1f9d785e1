"""The robot's description with what Gazebo needs for ros2_control."""

from pathlib import Path
from xml.sax.saxutils import escape

from echopilot_core import EchoPilotError

PLUGIN = """  <gazebo>
    <plugin filename="gz_ros2_control-system" name="gz_ros2_control::GazeboSimROS2ControlPlugin">
      <ros><namespace>{namespace}</namespace></ros>
      <parameters>{parameters}</parameters>
    </plugin>
  </gazebo>
</robot>"""


def with_controllers(urdf: str, parameters: Path, namespace: str = "gz") -> str:
    """The URDF with gz_ros2_control's plugin, which loads the controllers of the file `parameters`.

    Their ROS names are below `namespace`, where `gz_robot` looks for them.

    Raises EchoPilotError for a description without a `<ros2_control>` block, or one that has the plugin already.
    """
    if "<ros2_control" not in urdf or urdf.count("</robot>") != 1:
        raise EchoPilotError("the robot's description has no <ros2_control> block: Gazebo could not drive it")
    if "gz_ros2_control-system" in urdf:
        raise EchoPilotError("the robot's description loads gz_ros2_control already; give it as it is")
    return urdf.replace(
        "</robot>", PLUGIN.format(parameters=escape(str(parameters.resolve())), namespace=escape(namespace))
    )
