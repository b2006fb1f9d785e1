"""Node `igtl_server`: images and the probe's pose over OpenIGTLink, for 3D Slicer, Plus, MITK and others."""

import ipaddress
import threading

from echopilot_msgs.msg import RobotState as RobotStateMsg
from rclpy.node import Node
from ultrasound_msgs.msg import ImagingParameters as ImagingParametersMsg
from ultrasound_msgs.msg import UltrasoundFrame
from ultrasound_msgs.srv import SetImaging

from echopilot_core import EchoPilotError, Frame, ImagingParameters, RobotState
from echopilot_core.timing.pose_history import PoseHistory
from echopilot_nodes.diagnostics.health import Health
from echopilot_nodes.diagnostics.publisher import Diagnostics
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.inlet import Inlet
from echopilot_nodes.graph.params import IgtlServerParams, read_params
from echopilot_nodes.graph.process import run
from echopilot_scanner.igtl.commands import read_setting_command
from echopilot_scanner.igtl.server import IgtlServer
from echopilot_wire import from_frame, from_robot_state

IN_BASE, IN_PROBE, POSE = "Image_Base", "Image_Probe", "ProbeToBase"
POSES_S, HOLD_S = 2.0, 0.1  # span of the poses kept; how long the newest one stands for later frames
ANSWER_S = 1.0  # for the scanner to answer


class IgtlServerNode(Node):
    """Sends every frame where the probe was when it was acquired, and every pose of the probe.

    With a robot the image is that of device Image_Base, in the robot's base; without one that of Image_Probe. Commands
    of clients to the scanner (SetUsParameter) become requests of `probe/set_imaging` where the parameter `commands`
    allows it. Nothing that a client sends reaches the robot.
    """

    def __init__(self) -> None:
        super().__init__("igtl_server")
        params = read_params(self, IgtlServerParams)
        self._takes_commands = params.commands
        self._poses = PoseHistory(POSES_S, hold_s=HOLD_S)
        self._depth_m = float("nan")
        self._imaging = self.create_client(SetImaging, topics.SET_IMAGING)
        self._server = IgtlServer(params.host, params.port, self._on_command)
        if not ipaddress.ip_address(params.host).is_loopback:
            self.get_logger().warning(f"whoever reaches {params.host} sees the images: OpenIGTLink has no password")
        self.get_logger().info(f"OpenIGTLink on {params.host}:{self._server.port}")
        self._diagnostics = Diagnostics(self, lambda: Health("serves", values={"port": self._server.port}))
        Inlet(self, RobotStateMsg, topics.ROBOT_STATE, from_robot_state, qos.STATE, self._on_robot)
        Inlet(self, UltrasoundFrame, topics.PROBE_FRAME, from_frame, qos.FRAMES_NEWEST, self._on_frame)

    def _on_robot(self, robot: RobotState) -> None:
        self._poses.add(robot.stamp_ns, robot.T_base_probe)
        self._server.send_pose(POSE, robot.stamp_ns, robot.T_base_probe)

    def _on_frame(self, frame: Frame) -> None:
        self._depth_m = frame.geometry.depth_m
        T_base_probe = self._poses.at(frame.stamp_ns)
        self._server.send_frame(IN_PROBE if T_base_probe is None else IN_BASE, frame, T_base_probe)

    def _on_command(self, text: str) -> str:
        """Called in the server's thread."""
        if not self._takes_commands:
            raise EchoPilotError("commands are not taken here; the parameter commands of igtl_server allows them")
        request = SetImaging.Request(settings=_to_settings(read_setting_command(text, self._depth_m)))
        if not self._imaging.service_is_ready():
            raise EchoPilotError("no scanner takes settings now")
        answered = threading.Event()
        future = self._imaging.call_async(request)
        future.add_done_callback(lambda _: answered.set())
        if not answered.wait(ANSWER_S) or (response := future.result()) is None:
            raise EchoPilotError(f"the scanner did not answer within {ANSWER_S:g} s")
        if not response.success:
            raise EchoPilotError(response.message)
        return str(response.message)

    def close(self) -> None:
        """End every connection."""
        self._server.close()


def _to_settings(asked: ImagingParameters) -> ImagingParametersMsg:
    return ImagingParametersMsg(
        preset=asked.preset,
        depth=asked.depth_m,
        gain=asked.gain_db,
        focus=asked.focus_m,
        dynamic_range=asked.dynamic_range_db,
        tgc=list(asked.tgc_db),
        compounding=asked.compounding,
        persistence=asked.persistence,
    )


def main() -> None:
    """Run the node until a signal comes."""
    run(IgtlServerNode, yields=True)


if __name__ == "__main__":
    main()
