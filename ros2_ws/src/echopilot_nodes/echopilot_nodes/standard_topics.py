"""Node `standard_topics`: the graph in standard messages, for RViz, rqt, Foxglove and the nodes of others."""

from collections.abc import Callable
from typing import Any

from echopilot_msgs.msg import BodyLandmarks as BodyLandmarksMsg
from echopilot_msgs.msg import ExamState as ExamStateMsg
from echopilot_msgs.msg import PerceptionResult as PerceptionResultMsg
from echopilot_msgs.msg import RobotState as RobotStateMsg
from rcl_interfaces.srv import GetParameters
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.task import Future
from sensor_msgs.msg import PointCloud2
from ultrasound_msgs.msg import UltrasoundFrame
from visualization_msgs.msg import MarkerArray

from echopilot_control.safety.zones import MarkedZone, on_skin, read_zones
from echopilot_core import BodyLandmarks, BodySurface, EchoPilotError, Frame, RobotState, SegmentationClass, View
from echopilot_core.timing.pose_history import PoseHistory
from echopilot_nodes.bonds import Bond
from echopilot_nodes.diagnostics.health import Health
from echopilot_nodes.diagnostics.publisher import Diagnostics
from echopilot_nodes.display.display_frame import DisplayFrame
from echopilot_nodes.display.faces import FACES, Face, Source
from echopilot_nodes.display.patient_frame import static_transforms
from echopilot_nodes.display.recent_frames import RecentFrames
from echopilot_nodes.display.swept_aorta import SweptAorta
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.clock import wall_clock
from echopilot_nodes.graph.inlet import Inlet
from echopilot_nodes.graph.outlet import Outlet
from echopilot_nodes.graph.process import run
from echopilot_wire import (
    Message,
    display,
    from_cloud,
    from_exam_state,
    from_frame,
    from_landmarks,
    from_result,
    from_robot_state,
    peek_stamp,
    to_transforms,
)
from tf2_msgs.msg import TFMessage
from vision_msgs.msg import LabelInfo

LOOK_S = 0.25  # wall time between looks at who listens
POSES_S, HOLD_S = 2.0, 0.1  # span of the poses kept; how long the newest one stands for later frames
ZONES = "zones"  # parameter of safety
INPUTS: dict[Source, tuple[Any, str, Callable[[Message], Any], QoSProfile]] = {
    Source.FRAMES: (UltrasoundFrame, topics.PROBE_FRAME, from_frame, qos.FRAMES_NEWEST),
    Source.RESULTS: (PerceptionResultMsg, topics.PERCEPTION_RESULT, from_result, qos.STATE),
    Source.ROBOT: (RobotStateMsg, topics.ROBOT_STATE, from_robot_state, qos.STATE),
    Source.EXAM: (ExamStateMsg, topics.EXAM_STATE, from_exam_state, qos.STATE),
    Source.SURFACE: (PointCloud2, topics.BODY_SURFACE, from_cloud, qos.LATCHED),
}


class StandardTopics(Node):
    """Makes, subscribes to and decodes only what somebody listens to; stamps are those of the frame."""

    def __init__(self) -> None:
        super().__init__("standard_topics")
        self._bond = Bond(self.get_namespace(), self.get_name())
        self._outlets = [(face, Outlet(self, face.kind, face.topic, face.make, qos.DISPLAY)) for face in FACES]
        self._skin = Outlet(self, PointCloud2, topics.BODY_POINTS, display.to_skin_cloud, qos.LATCHED)
        self._body = Outlet(self, MarkerArray, topics.BODY_MARKERS, display.to_body_markers, qos.LATCHED)
        self._tube = Outlet(self, MarkerArray, topics.AORTA_MARKERS, display.to_tube, qos.LATCHED)
        self._tf = Outlet(self, TFMessage, topics.TF_STATIC, to_transforms, qos.LATCHED)
        for topic, names in ((topics.LABEL_INFO, SegmentationClass), (topics.VIEW_INFO, View)):
            Outlet(self, LabelInfo, topic, display.to_class_names, qos.LATCHED).send(names)
        self._open: dict[Source, Inlet[Any]] = {}
        self._diagnostics = Diagnostics(self, self._health)
        self._frames, self._poses, self._aorta = RecentFrames(), PoseHistory(POSES_S, hold_s=HOLD_S), SweptAorta()
        self._newest_ns = 0
        self._landmarks: BodyLandmarks | None = None
        self._surface: BodySurface | None = None
        self._marked: tuple[MarkedZone, ...] = ()
        self._asked_for_zones = False
        self._safety = self.create_client(GetParameters, topics.SAFETY_PARAMETERS)
        self._tf.send(0, static_transforms(None))
        Inlet(self, BodyLandmarksMsg, topics.BODY_LANDMARKS, from_landmarks, qos.LATCHED, self._on_landmarks)
        self.create_timer(LOOK_S, self._look, clock=wall_clock())

    def close(self) -> None:
        """Say goodbye."""
        self._bond.close()

    def _health(self) -> Health:
        sources = ", ".join(sorted(source.value for source in self._open))
        return Health(f"takes {sources}" if sources else "nobody listens")

    # Who listens

    def _look(self) -> None:
        """Subscribe to what is needed by those who listen now, and to nothing else."""
        needed = {source for face, outlet in self._outlets if outlet.has_subscribers for source in face.needs}
        if self._skin.has_subscribers:
            needed.add(Source.SURFACE)
        if self._body.has_subscribers:
            needed.add(Source.SURFACE)
            self._ask_for_zones()
        if self._tube.has_subscribers:
            needed |= {Source.RESULTS, Source.ROBOT, Source.EXAM}
        for source in needed - self._open.keys():
            self._open[source] = self._inlet(source)
        for source in self._open.keys() - needed:
            self._open.pop(source).close()

    def _inlet(self, source: Source) -> Inlet[Any]:
        """A subscription to a source."""
        kind, topic, convert, profile = INPUTS[source]
        if source in (Source.FRAMES, Source.RESULTS):  # decoded where something is made of them
            on_data = self._on_frame if source is Source.FRAMES else self._on_result
            return Inlet(self, kind, topic, convert, profile, on_data=on_data)
        heard: dict[Source, Callable[[Any], None]] = {
            Source.ROBOT: self._on_robot,
            Source.EXAM: self._aorta.note_exam,
            Source.SURFACE: self._on_surface,
        }
        return Inlet(self, kind, topic, convert, profile, heard[source])

    # What is heard

    def _on_frame(self, _: int, data: bytes) -> None:
        self._frames.add(data)
        wanted = self._wanted(lambda face: Source.RESULTS not in face.needs)
        frame = self._read(Source.FRAMES, data) if wanted else None
        if frame is not None:
            shown = DisplayFrame(frame, None, self._poses.at(frame.stamp_ns))
            for _face, outlet in wanted:
                outlet.send(shown)

    def _on_result(self, _: int, data: bytes) -> None:
        wanted = self._wanted(lambda face: Source.RESULTS in face.needs)
        result = self._read(Source.RESULTS, data) if wanted or self._tube.has_subscribers else None
        if result is None:
            return
        pose = self._poses.at(result.stamp_ns)
        if self._aorta.add(result, pose) and self._aorta.rings_m is not None:
            self._tube.send(result.stamp_ns, self._aorta.rings_m)
        frame: Frame | None = None
        if any(Source.FRAMES in face.needs for face, _outlet in wanted):
            kept = self._frames.at(peek_stamp(data))
            frame = None if kept is None else self._read(Source.FRAMES, kept)
        shown = None if frame is None else DisplayFrame(frame, result, pose)
        for face, outlet in wanted:
            item = shown if Source.FRAMES in face.needs else result
            if item is not None:
                outlet.send(item)

    def _on_robot(self, robot: RobotState) -> None:
        if robot.stamp_ns < self._newest_ns:  # another patient: time began anew
            self._poses = PoseHistory(POSES_S, hold_s=HOLD_S)
        self._newest_ns = robot.stamp_ns
        self._poses.add(robot.stamp_ns, robot.T_base_probe)

    def _on_surface(self, surface: BodySurface) -> None:
        self._surface = surface
        if self._skin.has_subscribers:
            self._skin.send(surface)
        if self._marked:
            self._send_body()

    def _on_landmarks(self, landmarks: BodyLandmarks) -> None:
        self._landmarks = landmarks
        self._tf.send(landmarks.stamp_ns, static_transforms(landmarks))
        self._send_body()

    def _ask_for_zones(self) -> None:
        """Ask safety for the zones that it was given."""
        if self._asked_for_zones or not self._safety.service_is_ready():
            return
        self._asked_for_zones = True
        self._safety.call_async(GetParameters.Request(names=[ZONES])).add_done_callback(self._on_zones)

    def _on_zones(self, future: Future) -> None:
        answer = future.result()
        try:
            self._marked = read_zones(answer.values[0].string_value) if answer is not None and answer.values else ()
        except EchoPilotError as error:
            self.get_logger().error(f"zones of safety are not shown: {error}")
        self._send_body()

    def _send_body(self) -> None:
        if self._landmarks is None:
            return
        zones = () if self._surface is None else on_skin(self._marked, self._landmarks, self._surface)
        self._body.send(self._landmarks, [(zone.name, zone.center_m, zone.radius_m) for zone in zones])

    def _wanted(self, which: Callable[[Face], bool]) -> list[tuple[Face, Outlet]]:
        return [(face, outlet) for face, outlet in self._outlets if which(face) and outlet.has_subscribers]

    def _read(self, source: Source, data: bytes) -> Any:
        inlet = self._open.get(source)
        return None if inlet is None else inlet.read(data)


def main() -> None:
    """Run the node until a signal comes."""
    run(StandardTopics, yields=True)


if __name__ == "__main__":
    main()
