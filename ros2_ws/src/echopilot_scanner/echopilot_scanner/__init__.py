"""Live scanners as sources of frames: frame grabbers, OpenIGTLink, recordings in real time; without ROS.

A `FrameSource` gives images as its device has them; `FrameStream` makes frames of them: placed, numbered, each once,
with the state of the signal. `open_source` makes the source of an address such as "igtl:192.168.0.5:18944".
"""

from echopilot_scanner.address import ADDRESSES, ScannerAddress, open_source, parse_address
from echopilot_scanner.interface import FrameSource, SourceImage
from echopilot_scanner.placer import ImagePlacer
from echopilot_scanner.stream import FrameStream, SignalState

__all__ = [
    "ADDRESSES",
    "FrameSource",
    "FrameStream",
    "ImagePlacer",
    "ScannerAddress",
    "SignalState",
    "SourceImage",
    "open_source",
    "parse_address",
]
