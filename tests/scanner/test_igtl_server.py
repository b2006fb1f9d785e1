"""Our OpenIGTLink server with pyigtl's client: images, poses, texts and states arrive; commands are answered."""

import socket
import time
from collections.abc import Iterator

import numpy as np
import pyigtl
import pytest
from phantom import Phantom

from echopilot_core import EchoPilotError, Frame, ProbeGeometry, ProbeKind, SectorBox, se3
from echopilot_scanner.igtl.connection import IgtlConnection
from echopilot_scanner.igtl.server import MOST_CLIENTS, IgtlServer
from echopilot_wire import igtl

STAMP_NS = 1_764_567_890_123_456_789


def refuse(text: str) -> str:
    if "Depth" not in text:
        raise EchoPilotError("valid: DepthMm")
    return "depth set"


@pytest.fixture
def server() -> Iterator[IgtlServer]:
    made = IgtlServer("127.0.0.1", 0, refuse)
    yield made
    made.close()


def connected(server: IgtlServer, count: int = 1) -> None:
    end_s = time.monotonic() + 5.0
    while server.clients < count:
        assert time.monotonic() < end_s
        server.wait_for_client(0.1)


def has_ended(connection: socket.socket) -> bool:
    """Waits until the other side ends it."""
    connection.settimeout(5.0)
    try:
        return connection.recv(10) == b""
    except ConnectionResetError:  # with bytes that it had not read
        return True


def frame() -> Frame:
    geometry = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.4, 0.0, 0.1, 0.5e-3, 0.4e-3, 160.0, 20.0, 0.0)
    return Frame(STAMP_NS, 3, Phantom(41).image(0.0), geometry, SectorBox(0, 0, 320, 240))


def test_an_image_arrives_with_samples_stamp_spacing_and_its_place_in_base(server: IgtlServer) -> None:
    client = pyigtl.OpenIGTLinkClient("127.0.0.1", server.port)
    connected(server)
    T_base_probe, sent = se3.transform(se3.so3_exp(np.array([3.0, 0.1, 0.2])), np.array([0.5, 0.1, 0.3])), frame()
    server.send_frame("Image_Base", sent, T_base_probe)
    heard = client.wait_for_message("Image_Base", timeout=5)
    client.stop()
    assert heard is not None and np.array_equal(heard.image[0], sent.image)
    assert heard.timestamp == pytest.approx(STAMP_NS * 1e-9, abs=1e-6)
    at_mm = heard.ijk_to_world_matrix @ np.array([200.0, 120.0, 0.0, 1.0])
    g = sent.geometry
    in_probe = np.array([(200.0 - g.origin_u_px) * g.spacing_x_m, 0.0, (120.0 - g.origin_v_px) * g.spacing_y_m, 1.0])
    assert np.allclose(at_mm[:3], 1e3 * (T_base_probe @ in_probe)[:3], atol=1e-3), "the pixel is where the probe saw it"


def test_poses_texts_and_states_arrive(server: IgtlServer) -> None:
    client = IgtlConnection(socket.create_connection(("127.0.0.1", server.port)))
    connected(server)
    T = se3.transform(se3.so3_exp(np.array([0.1, 0.2, 0.3])), np.array([0.1, 0.2, 0.3]))
    server.send_pose("ProbeToBase", STAMP_NS, T)
    server.send_string("note", STAMP_NS, "probe C5-1")
    server.send_status("scanner", STAMP_NS, igtl.IgtlStatus(13, "NoSignal", "cable"))
    heard = {}
    while len(heard) < 3 and (message := client.receive(5.0)) is not None:
        assert message.stamp_ns == STAMP_NS
        heard[message.kind] = message.content
    client.close()
    assert np.allclose(igtl.from_igtl_transform(heard["TRANSFORM"]), T, atol=1e-6)
    assert igtl.from_igtl_string(heard["STRING"]) == "probe C5-1"
    assert igtl.from_igtl_status(heard["STATUS"]) == igtl.IgtlStatus(13, "NoSignal", "cable")


def test_commands_are_answered_by_name_and_refusals_have_their_reason(server: IgtlServer) -> None:
    client = pyigtl.OpenIGTLinkClient("127.0.0.1", server.port)
    for number, text, answer in (
        (
            7,
            "<Command Name='SetUsParameter'><Parameter Name='DepthMm' Value='90'/></Command>",
            ("SUCCESS", "depth set"),
        ),
        (8, "<Command Name='Reboot'/>", ("FAIL", "valid: DepthMm")),
    ):
        client.send_message(pyigtl.StringMessage(text, device_name=f"CMD_{number}"))
        reply = client.wait_for_message(f"ACK_{number}", timeout=5)
        assert reply is not None and all(part in reply.string for part in answer)
    client.stop()


def test_a_client_that_does_not_read_delays_nobody_and_gets_the_newest_later(server: IgtlServer) -> None:
    slow = socket.create_connection(("127.0.0.1", server.port))
    connected(server)
    quick = pyigtl.OpenIGTLinkClient("127.0.0.1", server.port)
    connected(server, 2)
    pixels = np.zeros((1000, 1000), np.uint8)
    for k in range(30):
        image = igtl.IgtlImage(np.full_like(pixels, k), (1e-3, 1e-3), np.eye(4))
        server.send(igtl.IgtlMessage("IMAGE", f"us{k % 1}", k, igtl.to_igtl_image(image)))
    end_s = time.monotonic() + 5.0
    newest = -1
    while newest < 29 and time.monotonic() < end_s:
        heard = quick.wait_for_message("us0", timeout=1)
        newest = newest if heard is None else int(heard.image[0, 0, 0])
    assert newest == 29
    late = IgtlConnection(slow)
    seen = []
    while not seen or seen[-1] < 29:
        message = late.receive(5.0)
        assert message is not None, seen
        seen.append(message.stamp_ns)
    assert len(seen) < 30, "it skipped images"
    quick.stop()
    late.close()


def test_foreign_bytes_and_too_many_clients_end_their_own_connection_alone(server: IgtlServer) -> None:
    first = IgtlConnection(socket.create_connection(("127.0.0.1", server.port)))
    connected(server)
    with socket.create_connection(("127.0.0.1", server.port)) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".ljust(100))
        assert has_ended(stranger)
    crowd = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(MOST_CLIENTS)]
    assert has_ended(crowd[-1])
    server.send_string("note", STAMP_NS, "still here")
    heard = first.receive(5.0)
    assert heard is not None and igtl.from_igtl_string(heard.content) == "still here"
    for opened in (first, *crowd):
        opened.close()


def test_a_port_in_use_is_one_line(server: IgtlServer) -> None:
    with pytest.raises(EchoPilotError, match=f"cannot listen on 127.0.0.1:{server.port}"):
        IgtlServer("127.0.0.1", server.port, refuse)
