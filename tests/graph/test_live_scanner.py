"""A live scanner in the graph: frames, settings and their refusal, a lost signal as a state; one-line errors."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyigtl
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from echopilot_msgs.msg import RobotState as RobotStateMsg
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParametersAtomically
from sensor_msgs.msg import Image
from ultrasound_msgs.msg import ImagingParameters as ImagingParametersMsg
from ultrasound_msgs.msg import UltrasoundFrame
from ultrasound_msgs.srv import Freeze, SetImaging

import echopilot_wire as wire
from echopilot_core import (
    Frame,
    ImagingParameters,
    ProbeGeometry,
    ProbeKind,
    RobotMode,
    RobotState,
    SectorBox,
    se3,
)
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.outlet import Outlet
from echopilot_scanner.igtl.commands import Answer, answer_text, read_answer, setting_command

sys.path.insert(0, str(Path(__file__).parents[1] / "scanner"))
from phantom import SPACING_M, Clockwork, Phantom

NAN = float("nan")
PATIENCE_S = 60.0  # for machines that are busy with other work


def activate(graph: Any) -> None:
    for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        request = ChangeState.Request(transition=Transition(id=transition))
        assert graph.call(ChangeState, "probe_source/change_state", request).success


def settings(**values: Any) -> SetImaging.Request:
    left = dict.fromkeys(("depth", "gain", "focus", "dynamic_range", "persistence"), NAN)
    return SetImaging.Request(settings=ImagingParametersMsg(**(left | values)))


@pytest.mark.timeout(200)
def test_an_openigtlink_scanner_gives_frames_takes_settings_and_tells_its_loss(
    make_graph: Callable[..., Any],
) -> None:
    graph, phantom, sends = make_graph(), Phantom(51), [True]
    server = pyigtl.OpenIGTLinkServer(port=0, local_server=True)
    matrix, commands = np.diag([1e3 * SPACING_M, 1e3 * SPACING_M, 1.0, 1.0]), []

    def send(k: int) -> None:
        if sends[0]:
            image = phantom.image(0.033 * k)[None]
            server.send_message(pyigtl.ImageMessage(image, matrix, device_name="us"), wait=False)
        for message in server.get_latest_messages():
            commands.append(message.string)
            name = message.device_name.replace("CMD_", "ACK_")
            reply = pyigtl.StringMessage(answer_text(Answer(True, "depth set")), device_name=name)
            server.send_message(reply, wait=False)

    frames = graph.listen(UltrasoundFrame, topics.PROBE_FRAME, qos.FRAMES_RECORDED, wire.from_frame)
    health = graph.listen(DiagnosticArray, topics.DIAGNOSTICS, qos.STATE, lambda m: m.status[0])
    with Clockwork(send):
        graph.start("probe_source", "replay.yaml", scanner=f"igtl:127.0.0.1:{server.server_address[1]}")
        activate(graph)
        graph.wait(lambda: len(frames) >= 5, PATIENCE_S, "frames")
        assert frames[-1].geometry.spacing_x_m == pytest.approx(SPACING_M, rel=1e-6)
        assert abs(frames[-1].stamp_ns - time.time_ns()) < 2e9
        for _ in range(10):  # on a busy machine the answer may come after the 0.4 s that it is waited for
            done = graph.call(SetImaging, topics.SET_IMAGING, settings(depth=0.12))
            if done.success:
                break
        assert (done.success, done.message) == (True, "depth set") and 'Value="120"' in commands[0]
        for asked, reason in (
            (settings(), "nothing is asked for; give preset, depth"),
            (settings(tgc=[0.0, NAN]), "not finite"),
            (settings(depth=-0.1), "above 0"),
            (settings(gain=3.0), "valid: depth, focus, dynamic_range, tgc"),
        ):
            refused = graph.call(SetImaging, topics.SET_IMAGING, asked)
            assert not refused.success and reason in refused.message and "\n" not in refused.message
        assert graph.call(Freeze, topics.FREEZE, Freeze.Request(frozen=True)).message.startswith("frozen here")
        warns = lambda: bool(health) and health[-1].level == DiagnosticStatus.WARN  # noqa: E731
        held = lambda: frames[-1].imaging.frozen and warns()  # noqa: E731
        graph.wait(held, PATIENCE_S, "the last frame, flagged, and the state that says so")
        count = len(frames)
        assert graph.call(Freeze, topics.FREEZE, Freeze.Request(frozen=False)).success
        graph.wait(lambda: len(frames) > count, PATIENCE_S, "live frames")
        assert not frames[-1].imaging.frozen
        sends[0] = False
        health.clear()
        lost = lambda: bool(health) and health[-1].level == DiagnosticStatus.ERROR  # noqa: E731
        graph.wait(lost, PATIENCE_S, "the lost signal")
        assert "no image from igtl:127.0.0.1" in health[-1].message
        count, sends[0] = len(frames), True
        graph.wait(lambda: len(frames) > count and health[-1].level == DiagnosticStatus.OK, PATIENCE_S, "its return")
    server.stop()
    log = graph.logs(9999)
    assert log.index("no frames: no image") < log.rindex("frames come again")
    assert graph.stop() == {"probe_source": 0}


@pytest.mark.timeout(200)
def test_an_image_topic_is_a_scanner_and_spacing_follows_a_depth_that_is_told(make_graph: Callable[..., Any]) -> None:
    graph, phantom = make_graph(), Phantom(52)
    frames = graph.listen(UltrasoundFrame, topics.PROBE_FRAME, qos.FRAMES_RECORDED, wire.from_frame)
    publisher = graph.node.create_publisher(Image, "camera/image", 5)

    def send(k: int) -> None:
        screen = phantom.screen(0.033 * k)
        stamp = graph.node.get_clock().now().to_msg()
        image = Image(height=screen.shape[0], width=screen.shape[1], encoding="bgr8", step=3 * screen.shape[1])
        image.header.stamp = stamp
        image.data.frombytes(screen.tobytes())
        publisher.publish(image)

    with Clockwork(send):
        graph.start("probe_source", "replay.yaml", scanner="topic:camera/image", depth_m=0.1)
        activate(graph)
        graph.wait(lambda: len(frames) >= 3, PATIENCE_S, "frames")
        assert frames[-1].geometry.spacing_x_m == pytest.approx(SPACING_M, rel=0.05)
        assert abs(frames[-1].stamp_ns - time.time_ns()) < 2e9
        value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=0.15)
        request = SetParametersAtomically.Request(parameters=[Parameter(name="depth_m", value=value)])
        assert graph.call(SetParametersAtomically, "probe_source/set_parameters_atomically", request).result.successful
        deeper = lambda: frames[-1].geometry.spacing_x_m > 1.4 * SPACING_M  # noqa: E731
        graph.wait(deeper, PATIENCE_S, "the new scale")
        refused = graph.call(SetImaging, topics.SET_IMAGING, settings(depth=0.12))
        assert not refused.success and "its own driver" in refused.message
    assert graph.stop() == {"probe_source": 0}


@pytest.mark.timeout(200)
def test_a_bad_scanner_is_one_line_with_what_is_valid_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    cases = {
        ("scanner:=usb:1",): "igtl:HOST:PORT",
        ("scanner:=v4l2:/dev/none",): "is no video device; devices here",
        ("scanner:=topic:us", f"calibration_image:={tmp_path / 'a.png'}"): "a.png",
        (): "give one. clip: a DICOM file",
    }
    for given, reason in cases.items():
        parameters = [word for text in given for word in ("-p", text)]
        done = subprocess.run(
            [sys.executable, "-m", "echopilot_nodes.probe_source", "--ros-args", *parameters],
            capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        assert done.returncode == 2 and len(lines) == 1 and reason in lines[0], done.stderr


@pytest.mark.timeout(200)
@pytest.mark.parametrize("allowed", [True, False])
def test_others_see_the_image_where_the_probe_is_and_set_the_scanner_where_that_is_allowed(
    make_graph: Callable[..., Any], allowed: bool
) -> None:
    graph, image = make_graph(), Phantom(53).image(0.0)
    T = se3.transform(se3.so3_exp(np.array([3.0, 0.1, 0.2])), np.array([0.5, 0.1, 0.3]))
    geometry = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.4, 0.0, 0.1, 0.5e-3, 0.5e-3, 160.0, 20.0, 0.0)
    zero = np.zeros(6)
    frames = Outlet(graph.node, UltrasoundFrame, topics.PROBE_FRAME, wire.to_frame, qos.FRAMES_OFFERED)
    robots = Outlet(graph.node, RobotStateMsg, topics.ROBOT_STATE, wire.to_robot_state, qos.STATE_OFFERED)

    def answer(request: Any, response: Any) -> Any:
        response.success, response.message = True, f"depth is {request.settings.depth:g} m"
        return response

    graph.node.create_service(SetImaging, topics.SET_IMAGING, answer)
    graph.start("igtl_server", "replay.yaml", port=0, commands=allowed)
    graph.wait(lambda: "OpenIGTLink on" in graph.logs(), PATIENCE_S, "the server")
    port = int(re.search(r"OpenIGTLink on 127\.0\.0\.1:(\d+)", graph.logs())[1])
    client, heard = pyigtl.OpenIGTLinkClient("127.0.0.1", port), {}

    def arrived(name: str) -> bool:
        stamp_ns = time.time_ns()
        robots.send(RobotState(stamp_ns, 1, T, zero, zero, np.zeros(7), np.zeros(7), RobotMode.SERVO))
        frames.send(Frame(stamp_ns + 1000, 1, image, geometry, SectorBox(0, 0, 320, 240)))
        heard.update({message.device_name: message for message in client.get_latest_messages()})
        return name in heard

    graph.wait(lambda: arrived("Image_Base"), PATIENCE_S, "an image in base")
    corner_mm = heard["Image_Base"].ijk_to_world_matrix[:3, 3]
    corner_m = (T @ np.array([-160.0 * 0.5e-3, 0.0, -20.0 * 0.5e-3, 1.0]))[:3]
    assert np.allclose(corner_mm, 1e3 * corner_m, atol=1e-3)
    graph.wait(lambda: arrived("ProbeToBase"), PATIENCE_S, "the pose of the probe")
    assert np.allclose(heard["ProbeToBase"].matrix[:3, 3], 1e3 * T[:3, 3], atol=1e-3)
    command = setting_command(ImagingParameters(depth_m=0.12), NAN)
    client.send_message(pyigtl.StringMessage(command, device_name="CMD_4"), wait=False)
    graph.wait(lambda: arrived("ACK_4"), PATIENCE_S, "the answer")
    given = read_answer(heard["ACK_4"].string)
    assert given.succeeded == allowed
    assert ("depth is 0.12 m" if allowed else "are not taken here") in given.message
    client.stop()
    assert graph.stop() == {"igtl_server": 0}
