"""Scanner, depth camera and pointer over the patient of tests/robot/fr3/patient_server.py, as a node.

`python fr3_scanner.py SOCKET SEED`: the server sends the probe's place over its patient to SOCKET every 10 ms; this
node makes of it what hardware would publish: frames, skin and landmarks, in the arm's base and in wall time.
"""

import signal
import socket
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import rclpy
from echopilot_msgs.msg import BodyLandmarks as BodyLandmarksMsg
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import PointCloud2
from ultrasound_msgs.msg import UltrasoundFrame
from ultrasound_msgs.srv import SetImaging

from echopilot_core import BodyLandmarks, Frame, ManualClock, ScannerSettings
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.outlet import Outlet
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.frame_state import FrameState
from echopilot_sim.physics.patient_world import PatientWorld
from echopilot_sim.render_thread import RenderThread
from echopilot_sim.simulation import SimConfig, Simulation
from echopilot_sim_nodes.imaging_request import asked_settings
from echopilot_wire import to_cloud, to_frame, to_landmarks

sys.path.insert(0, str(Path(__file__).parents[1] / "robot" / "fr3"))
from patient_place import unpack_place

FRAME_NS, SURFACE_NS = 100_000_000, 200_000_000
LONGEST = 4096  # bytes of a datagram


class Fr3Scanner(Node):
    """A patient of its own, at the time and under the probe of the server's."""

    def __init__(self, path: str, seed: int) -> None:
        super().__init__("fr3_scanner")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        self._socket.settimeout(0.1)
        self._clock = ManualClock()
        self._world = PatientWorld(sample_patient(seed), self._clock)
        self._imaging = ScannerSettings()
        self._frame_ns = self._surface_ns = -SURFACE_NS
        self._sequence = 0
        self._frames = Outlet(self, UltrasoundFrame, topics.PROBE_FRAME, to_frame, qos.FRAMES_OFFERED)
        self._surface = Outlet(self, PointCloud2, topics.BODY_SURFACE, to_cloud, qos.ANSWER_OFFERED)
        self._landmarks = Outlet(self, BodyLandmarksMsg, topics.BODY_LANDMARKS, to_landmarks, qos.LATCHED)
        renderer = Simulation(sample_patient(seed), SimConfig(quality="fast"))
        self._images = RenderThread(renderer.render, self._publish_image, lossless=False)
        self.create_service(SetImaging, topics.SET_IMAGING, self._on_imaging)

    def take(self) -> None:
        """Wait for the newest place, and publish what is due."""
        data = self._socket.recv(LONGEST)
        self._socket.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                data = self._socket.recv(LONGEST)
        self._socket.settimeout(0.1)
        place = unpack_place(data)
        clock_ns, wall_ns = place.clock_ns, place.wall_ns
        self._clock.advance_to(clock_ns)
        self._world.gel_m, self._world.wrench[2] = place.gel_m, -place.force_n
        if self._surface_ns < 0:
            self._landmarks.send(moved(self._world.landmarks(), wall_ns, place.offset_m))
        if clock_ns - self._surface_ns >= SURFACE_NS:
            self._surface_ns = clock_ns
            seen = self._world.surface()
            self._surface.send(replace(seen, stamp_ns=wall_ns, points_m=seen.points_m - place.offset_m))
        if clock_ns - self._frame_ns >= FRAME_NS:
            self._frame_ns, self._sequence = clock_ns, self._sequence + 1
            state = self._world.frame_state(self._sequence, place.T_base_probe, self._imaging)
            self._images.put((replace(state, stamp_ns=wall_ns),))

    def close(self) -> None:
        self._images.close()

    def _publish_image(self, frame_state: FrameState, frame: Frame) -> None:
        self._frames.send(frame)

    def _on_imaging(self, request: SetImaging.Request, response: SetImaging.Response) -> SetImaging.Response:
        self._imaging = asked_settings(request, self._imaging)
        response.success = True
        return response


def moved(landmarks: BodyLandmarks, stamp_ns: int, offset_m: np.ndarray) -> BodyLandmarks:
    """Landmarks in the arm's base."""
    return BodyLandmarks(
        stamp_ns, landmarks.notch_m - offset_m, landmarks.xiphoid_m - offset_m, landmarks.navel_m - offset_m
    )


def main() -> None:
    ends: list[int] = []
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: ends.append(number))
    node = Fr3Scanner(sys.argv[1], int(sys.argv[2]))
    try:
        while not ends:
            with suppress(TimeoutError):
                node.take()
            rclpy.spin_once(node, timeout_sec=0.0)
    finally:
        node.close()
        node.destroy_node()
        rclpy.shutdown()


if __name__ == "__main__":
    main()
