"""Addresses of scanners, such as "igtl:192.168.0.5:18944/Image", and the sources that they stand for."""

from dataclasses import dataclass
from pathlib import Path

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line
from echopilot_scanner.interface import FrameSource

ADDRESSES = (
    "v4l2:/dev/video0 or v4l2:/dev/video0@1920x1080 (frame grabber)",
    "igtl:HOST:PORT or igtl:HOST:PORT/DEVICE (OpenIGTLink server)",
    "igtl-listen:HOST:PORT or igtl-listen:HOST:PORT/DEVICE (OpenIGTLink client that calls us)",
    "topic:NAME (sensor_msgs/Image or, with /compressed at its end, CompressedImage)",
    "bag:FILE or bag:FILE::TOPIC (rosbag2 or MCAP, played in real time again and again)",
)
IGTL_PORT = 18944


@dataclass(frozen=True)
class ScannerAddress:
    """An address in its parts; what a kind does not have is empty or 0."""

    kind: str  # v4l2, igtl, igtl-listen, topic or bag
    place: str  # device, host, name of the topic, or file
    port: int = 0
    device: str = ""  # of OpenIGTLink
    size: tuple[int, int] | None = None  # width and height that a grabber is asked for

    def __str__(self) -> str:
        port, device = f":{self.port}" if self.port else "", f"/{self.device}" if self.device else ""
        return f"{self.kind}:{self.place}{port}{device}"


def parse_address(text: str) -> ScannerAddress:
    """The address in `text`; EchoPilotError with the valid forms."""
    kind, _, rest = text.partition(":")
    if rest and kind in ("topic", "bag"):
        return ScannerAddress(kind, rest)
    if rest and kind == "v4l2":
        place, mark, size = rest.partition("@")
        if not mark:
            return ScannerAddress(kind, place)
        width, _, height = size.partition("x")
        if place and width.isdecimal() and height.isdecimal() and int(width) and int(height):
            return ScannerAddress(kind, place, size=(int(width), int(height)))
    if rest and kind in ("igtl", "igtl-listen"):
        ends, _, device = rest.partition("/")
        host, mark, port = ends.rpartition(":")
        host, port = (host, port) if mark else (ends, str(IGTL_PORT))
        if host and port.isdecimal() and 0 < int(port) < 65536:
            return ScannerAddress(kind, host.strip("[]"), int(port), device)
    raise EchoPilotError(f"scanner {one_line(text, 60)!a} is no address of one; valid: {'; '.join(ADDRESSES)}")


def open_source(address: ScannerAddress) -> FrameSource:
    """The opened source of an address; EchoPilotError in one line. A topic needs a node: `echopilot_nodes` has it."""
    source = _source(address)
    source.open()
    return source


def _source(address: ScannerAddress) -> FrameSource:
    if address.kind == "v4l2":
        from echopilot_scanner.grabber import GrabberSource

        return GrabberSource(address.place, address.size)
    if address.kind == "bag":
        from echopilot_scanner.bag import BagSource

        return BagSource(Path(address.place))
    if address.kind in ("igtl", "igtl-listen"):
        from echopilot_scanner.igtl.connection import Dial, Listen
        from echopilot_scanner.igtl.source import IgtlSource

        link = Dial if address.kind == "igtl" else Listen
        return IgtlSource(str(address), link(address.place, address.port), address.device)
    raise EchoPilotError(f"{address} needs a ROS node; give it to probe_source")
