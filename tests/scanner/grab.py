"""Program of test_grabber: reads the frames of an address until the signal is lost, and writes what it saw."""

import json
import sys
import time
from pathlib import Path

import numpy as np

from echopilot_scanner import FrameStream, ImagePlacer, open_source, parse_address

address, out, calibration = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
stream = FrameStream(open_source(parse_address(address)), ImagePlacer(0.1, calibration=calibration))
frames = []
while not frames or stream.signal.is_good:
    if (frame := stream.next(0.5)) is not None:
        frames.append(frame)
np.savez(
    out,
    images=np.stack([frame.image for frame in frames]),
    stamps_ns=[frame.stamp_ns for frame in frames],
    steady_ns=[frame.steady_ns for frame in frames],
)
geometry = frames[-1].geometry
told = {
    "spacing_m": [geometry.spacing_x_m, geometry.spacing_y_m],
    "origin_px": [geometry.origin_u_px, geometry.origin_v_px],
    "reason": stream.signal.reason,
    "repeated": stream.signal.repeated,
    "remarks": stream.source.take_remarks(),
    "wall_minus_steady_ns": time.time_ns() - time.monotonic_ns(),
}
out.with_suffix(".json").write_text(json.dumps(told))
stream.source.close()
