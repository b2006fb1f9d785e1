"""A scanner behind OpenIGTLink, with pyigtl at the other end: delay, stamps, spacing, repeats, losses, commands."""

import socket
import time
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyigtl
import pytest
from phantom import DEPTH_PX, LATE_S, SPACING_M, Clockwork, Phantom, collect, delay_s, lasting

from echopilot_core import EchoPilotError, ImagingParameters, ProbeKind
from echopilot_scanner import FrameStream, ImagePlacer, open_source, parse_address
from echopilot_scanner.igtl.commands import Answer, answer_text

pytestmark = pytest.mark.alone  # runs in real time
NAN = float("nan")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def server() -> Iterator[pyigtl.OpenIGTLinkServer]:
    made = pyigtl.OpenIGTLinkServer(port=free_port(), local_server=True)
    yield made
    made.stop()


@pytest.fixture
def stream(server: pyigtl.OpenIGTLinkServer) -> Iterator[FrameStream]:
    made = FrameStream(open_source(parse_address(f"igtl:127.0.0.1:{server.port}")), ImagePlacer())
    yield made
    made.source.close()


def image_message(
    pixels: np.ndarray, stamp_s: float, spacing_m: float = SPACING_M, device: str = "us"
) -> pyigtl.ImageMessage:
    matrix = np.diag([1e3 * spacing_m, 1e3 * spacing_m, 1.0, 1.0])
    return pyigtl.ImageMessage(pixels[None], matrix, timestamp=stamp_s, device_name=device)


@pytest.mark.parametrize("epoch_s", [0.0, 1.7e9], ids=["our clock", "another epoch"])
def test_the_delay_is_found_within_2_ms_and_stamps_keep_their_distances(
    server: pyigtl.OpenIGTLinkServer, stream: FrameStream, epoch_s: float
) -> None:
    phantom, sent, origin_s = Phantom(1), [], time.time()

    def send(_: int) -> None:
        now_s = time.time()
        sent.append(now_s)
        server.send_message(image_message(phantom.image(now_s - origin_s - LATE_S), now_s - epoch_s), wait=False)

    with Clockwork(send, 15.0):
        frames = collect(stream, lasting(3.6, 45))
    stamps_s = np.array([frame.stamp_ns for frame in frames]) * 1e-9
    later_s = stamps_s - np.array([min(sent, key=lambda s: abs(s - t)) for t in stamps_s])
    true_s = LATE_S + float(np.median(later_s))  # with the shortest way through the network for another epoch
    found_s = delay_s(frames, origin_s)
    print(f"delay {1e3 * found_s:.2f} ms, true {1e3 * true_s:.2f} ms")
    assert found_s == pytest.approx(true_s, abs=2e-3)
    assert [frame.sequence for frame in frames] == list(range(len(frames)))
    if epoch_s:
        assert np.mean(np.abs(np.diff(later_s)) < 1e-6) > 0.9 and 0.0 <= np.median(later_s) < 0.02
    else:
        assert np.abs(later_s).max() < 1e-6, "the sender's own stamps"
    remarks = " ".join(stream.source.take_remarks())
    assert ("behind ours" in remarks) == bool(epoch_s)
    geometry = frames[-1].geometry
    assert geometry.kind is ProbeKind.PHASED
    assert geometry.spacing_x_m == pytest.approx(SPACING_M, rel=1e-6)
    assert geometry.depth_m == pytest.approx(DEPTH_PX * SPACING_M, rel=0.04)
    assert abs(frames[-1].steady_ns - time.monotonic_ns()) < 2e9


def test_repeated_images_and_repeated_stamps_give_no_frame(
    server: pyigtl.OpenIGTLinkServer, stream: FrameStream
) -> None:
    phantom = Phantom(2)
    images = [phantom.image(0.033 * k) for k in range(200)]

    def send(k: int) -> None:
        server.send_message(image_message(images[k // 3], time.time()), wait=False)

    with Clockwork(send, 60.0):
        frames = collect(stream, lasting(1.0))
    assert len(frames) <= 22 and stream.signal.repeated >= len(frames)
    assert all((a.image != b.image).any() for a, b in pairwise(frames))


def test_spacing_follows_the_depth_of_the_scanner(server: pyigtl.OpenIGTLinkServer, stream: FrameStream) -> None:
    phantom, spacing_m = Phantom(3), [SPACING_M]

    def send(k: int) -> None:
        server.send_message(image_message(phantom.image(0.033 * k), time.time(), spacing_m[0]), wait=False)

    with Clockwork(send):
        before = collect(stream, lambda frames: len(frames) >= 3)
        spacing_m[0] = 0.7e-3
        after = collect(stream, lambda frames: bool(frames) and frames[-1].geometry.spacing_x_m > 0.6e-3)
    assert after[-1].geometry.spacing_y_m == pytest.approx(0.7e-3, rel=1e-6)
    assert after[-1].geometry.depth_m == pytest.approx(1.4 * before[-1].geometry.depth_m, rel=0.02)
    assert after[-1].imaging.depth_m == after[-1].geometry.depth_m
    assert {round(f.geometry.spacing_x_m, 7) for f in (*before, *after)} == {0.5e-3, 0.7e-3}, "no frame in between"


def test_a_lost_signal_is_a_state_with_its_reason_and_comes_back(server: pyigtl.OpenIGTLinkServer) -> None:
    phantom, port = Phantom(4), server.port
    stream = FrameStream(open_source(parse_address(f"igtl:127.0.0.1:{port}/us")), ImagePlacer())
    moves, sends = [True], [True]

    def send(k: int) -> None:
        if sends[0]:
            server.send_message(image_message(phantom.image(0.033 * k if moves[0] else 0.0), time.time()), wait=False)

    still = phantom.image(0.0)
    phantom_image, phantom.image = phantom.image, lambda at_s: phantom_image(at_s) if moves[0] else still
    with Clockwork(send):
        collect(stream, lambda frames: len(frames) >= 2)
        assert stream.signal.is_good
        moves[0] = False
        collect(stream, lambda _: not stream.signal.is_good)
        assert "has not changed for" in stream.signal.reason
        moves[0] = True
        collect(stream, lambda frames: bool(frames))
        assert stream.signal.is_good
        sends[0] = False
        collect(stream, lambda _: not stream.signal.is_good)
        assert "no image from igtl:127.0.0.1" in stream.signal.reason
    stream.source.close()


def test_a_scanner_that_is_not_there_is_waited_for_and_one_that_goes_is_named() -> None:
    port = free_port()
    stream = FrameStream(open_source(parse_address(f"igtl:127.0.0.1:{port}")), ImagePlacer())
    collect(stream, lambda _: "no connection" in stream.source.trouble)
    assert "trying again" in stream.source.trouble
    listener = socket.create_server(("127.0.0.1", port))
    listener.settimeout(5.0)
    accepted, _ = listener.accept()
    collect(stream, lambda _: stream.source.trouble == "")
    accepted.close()
    listener.close()
    collect(stream, lambda _: bool(stream.source.trouble))
    assert any("closed the connection" in line for line in stream.source.take_remarks())
    stream.source.close()


def test_a_client_that_calls_us_is_a_scanner_as_well() -> None:
    port, phantom = free_port(), Phantom(5)
    stream = FrameStream(open_source(parse_address(f"igtl-listen:127.0.0.1:{port}")), ImagePlacer())
    client = pyigtl.OpenIGTLinkClient("127.0.0.1", port)
    with Clockwork(lambda k: client.send_message(image_message(phantom.image(0.033 * k), time.time()), wait=False)):
        frames = collect(stream, lambda frames: len(frames) >= 5)
    assert frames[-1].geometry.spacing_x_m == pytest.approx(SPACING_M, rel=1e-6)
    client.stop()
    stream.source.close()


def test_settings_go_to_the_scanner_and_its_answer_comes_back(
    server: pyigtl.OpenIGTLinkServer, stream: FrameStream
) -> None:
    answers = {"100": Answer(True, "depth set"), "400": Answer(False, "valid depths: 40 to 240 mm")}
    heard: list[str] = []

    def answer(_: int) -> None:
        for message in server.get_latest_messages():
            heard.append(message.string)
            reply = next((a for depth, a in answers.items() if f'Value="{depth}"' in message.string), None)
            if reply is not None:
                name = message.device_name.replace("CMD_", "ACK_")
                server.send_message(pyigtl.StringMessage(answer_text(reply), device_name=name), wait=False)

    source = stream.source
    collect(stream, lambda _: not source.trouble)
    with Clockwork(lambda _: stream.next(0.02), 20.0), Clockwork(answer, 50.0):
        assert source.apply(ImagingParameters(depth_m=0.1), 2.0) == "depth set"
        with pytest.raises(EchoPilotError, match="valid depths: 40 to 240 mm"):
            source.apply(ImagingParameters(depth_m=0.4), 2.0)
        with pytest.raises(EchoPilotError, match=r"did not answer within 0\.2 s"):
            source.apply(ImagingParameters(dynamic_range_db=60.0), 0.2)
    assert heard[0] == '<Command Name="SetUsParameter"><Parameter Name="DepthMm" Value="100" /></Command>'
    with pytest.raises(EchoPilotError, match="valid: depth, focus, dynamic_range, tgc"):
        source.apply(ImagingParameters(preset="cardiac"), 0.2)


def test_texts_states_and_poses_are_kept_and_damaged_images_named(
    server: pyigtl.OpenIGTLinkServer, stream: FrameStream
) -> None:
    T_mm = np.diag([-1.0, -1.0, 1.0, 1.0])
    T_mm[:3, 3] = 100.0, 200.0, 300.0
    stamp_s = time.time()
    server.send_message(pyigtl.TransformMessage(T_mm, timestamp=stamp_s, device_name="ProbeToTracker"), wait=False)
    server.send_message(pyigtl.StringMessage("probe C5-1", device_name="note"), wait=False)
    server.send_message(image_message(np.zeros((4, 4), np.float32), stamp_s), wait=False)
    remarks: list[str] = []
    end_s = time.monotonic() + 5.0
    while not any("8 bits" in line for line in remarks) and time.monotonic() < end_s:
        stream.next(0.1)
        remarks += stream.source.take_remarks()
    assert any("probe C5-1" in line for line in remarks), remarks
    assert any("images of 8 bits are read" in line for line in remarks), remarks
    stamp_ns, T = stream.source.poses["ProbeToTracker"]
    assert stamp_ns * 1e-9 == pytest.approx(stamp_s, abs=1e-6)
    assert np.allclose(T[:3, 3], [0.1, 0.2, 0.3]) and np.allclose(T[:3, :3], T_mm[:3, :3])
