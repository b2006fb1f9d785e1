"""A frame grabber through OpenCV's own V4L2 code, on a video device made of a recorded sequence."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from phantom import LATE_S, SPACING_M, Phantom, depth_px

from echopilot_control.calibration import Signal, time_offset
from echopilot_control.calibration.motion import line_depth_px
from echopilot_core import EchoPilotError, ImagingParameters
from echopilot_scanner import open_source, parse_address
from echopilot_scanner.grabber import GrabberSource

pytestmark = pytest.mark.alone  # runs in real time
HERE = Path(__file__).parent
COUNT, RATE_HZ, REPEAT = 96, 30.0, 2
COMPILER = shutil.which("cc") or shutil.which("gcc")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler for the fake video device")


@needs_compiler
def test_a_grabber_gives_each_image_once_with_the_drivers_stamps_in_the_calibrated_crop(tmp_path: Path) -> None:
    library, device = tmp_path / "fake_v4l2.so", tmp_path / "video0"
    assert COMPILER is not None
    subprocess.run([COMPILER, "-shared", "-fPIC", "-O1", "-o", library, HERE / "fake_v4l2.c", "-ldl"], check=True)
    device.symlink_to("/dev/null")  # a character device, as a grabber is one
    phantom = Phantom(11)
    screens = np.stack([phantom.screen(k / RATE_HZ - LATE_S) for k in range(COUNT)])
    screens.tofile(tmp_path / "frames")
    cv2.imwrite(str(tmp_path / "calibration.png"), screens[0])
    fake = {
        "DEVICE": device,
        "FRAMES": tmp_path / "frames",
        "START": tmp_path / "start",
        "COUNT": COUNT,
        "REPEAT": REPEAT,
        "WIDTH": screens.shape[2],
        "HEIGHT": screens.shape[1],
    }
    environment = {f"FAKE_V4L2_{name}": str(value) for name, value in fake.items()}
    environment |= dict(os.environ) | {"LD_PRELOAD": str(library)}
    out = tmp_path / "seen.npz"
    command = [sys.executable, str(HERE / "grab.py"), f"v4l2:{device}@480x400", str(out), tmp_path / "calibration.png"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    seen, told = np.load(out), json.loads(out.with_suffix(".json").read_text())
    steady_ns, start_ns = seen["steady_ns"], int((tmp_path / "start").read_text())
    print(told, len(steady_ns))
    # each image once, in order
    numbers = np.round((steady_ns - start_ns) * 1e-9 * RATE_HZ - 0.01).astype(int)
    assert (np.diff(numbers) > 0).all() and len(numbers) > 0.9 * COUNT
    assert told["repeated"] > 0.8 * COUNT
    # the driver's stamps, also in ROS time
    off_ns = (steady_ns - start_ns) % round(1e9 / 60)
    assert np.minimum(off_ns, 1e9 / 60 - off_ns).max() < 1e5
    assert np.abs(seen["stamps_ns"] - steady_ns - told["wall_minus_steady_ns"]).max() < 1e6
    assert told["remarks"] == []
    # delay
    at_s = (steady_ns - start_ns) * 1e-9
    tracked_s = np.arange(at_s[0] - 0.5, at_s[-1] + 0.5, 0.005)
    depths = np.array([line_depth_px(image) for image in seen["images"]])
    found_s = time_offset(Signal(at_s, depths), Signal(tracked_s, depth_px(tracked_s)), 0.1).delay_s
    print(f"delay {1e3 * found_s:.2f} ms, true {1e3 * LATE_S:.0f} ms")
    assert found_s == pytest.approx(LATE_S, abs=2e-3)
    # crop and scale of the calibration image
    assert seen["images"].shape[1] < 260 and seen["images"].shape[2] < 300
    assert told["spacing_m"] == pytest.approx([SPACING_M, SPACING_M], rel=0.05)
    assert "no signal" in told["reason"]


def test_a_grabber_that_is_none_is_one_line_with_the_devices_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no device")
    for path in (tmp_path / "file", tmp_path / "missing", Path("/dev/null")):
        with pytest.raises(EchoPilotError) as caught:
            open_source(parse_address(f"v4l2:{path}"))
        assert "\n" not in str(caught.value) and str(path) in str(caught.value)


class Recorded:
    """A capture of images with stamps of any clock."""

    def __init__(self, stamps_ms: list[float]) -> None:
        self._stamps_ms = iter(stamps_ms)
        self._at_ms: float | None = None

    def grab(self) -> bool:
        self._at_ms = next(self._stamps_ms, None)
        return self._at_ms is not None

    def retrieve(self) -> tuple[bool, np.ndarray]:
        return True, np.zeros((4, 4), np.uint8)

    def get(self, _: int) -> float:
        return float(self._at_ms or 0.0)

    def release(self) -> None:
        self._stamps_ms = iter(())


def test_stamps_of_another_clock_are_named_and_the_time_of_arrival_counts() -> None:
    source = GrabberSource("/dev/video7", opens=lambda device, size: Recorded([0.0, 1.7e12, 1.7e12 + 33]))
    source.open()
    images = [source.read(0.1) for _ in range(3)]
    stamps = [image.stamp_ns for image in images if image is not None]
    assert len(stamps) == 3 and stamps == sorted(stamps)
    (remark,) = source.take_remarks()
    assert "expected: 0 to 60 s before" in remark
    assert source.read(0.1) is None and "unplugged" in source.trouble


def test_settings_of_a_grabber_are_refused_with_the_way_to_tell_the_depth() -> None:
    source = GrabberSource("/dev/video7", opens=lambda device, size: Recorded([]))
    with pytest.raises(EchoPilotError, match="parameter depth_m"):
        source.apply(ImagingParameters(depth_m=0.1), 0.1)
