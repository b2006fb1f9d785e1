"""Recordings as scanners: in real time, again and again, with stamps that only grow and the recorded geometry."""

import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from phantom import LATE_S, SPACING_M, Phantom, collect, delay_s, lasting
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from echopilot_core import EchoPilotError, Frame, ImagingParameters, ProbeGeometry, ProbeKind, SectorBox
from echopilot_scanner import FrameStream, ImagePlacer, open_source, parse_address
from echopilot_wire import definition, encode, to_frame

pytestmark = pytest.mark.alone  # runs in real time
TYPES = get_typestore(Stores.ROS2_JAZZY)
IMAGE, FRAME = "sensor_msgs/msg/Image", "ultrasound_msgs/msg/UltrasoundFrame"
START_NS, PERIOD_NS = 1_000_000_000_123_456_789, 33_333_333


def frame(k: int, pixels: np.ndarray, depth_m: float = 0.1) -> Frame:
    spacing_m = depth_m / 200.0
    geometry = ProbeGeometry(
        ProbeKind.PHASED, 0.0, np.deg2rad(80), 0.0, depth_m, spacing_m, spacing_m, 160.0, 20.0, 2.5e6
    )
    imaging = ImagingParameters("cardiac", depth_m, 3.0)
    return Frame(START_NS + k * PERIOD_NS, 500 + k, pixels, geometry, SectorBox(20, 20, 300, 222), imaging)


def image(k: int, pixels: np.ndarray) -> object:
    sec, nanosec = divmod(START_NS + k * PERIOD_NS, 10**9)
    stamp = TYPES.types["builtin_interfaces/msg/Time"](sec, nanosec)
    header = TYPES.types["std_msgs/msg/Header"](stamp, "us_image")
    height, width = pixels.shape
    return TYPES.types[IMAGE](header, height, width, "mono8", 0, width, pixels.reshape(-1))


def write_images(path: Path, storage: StoragePlugin, images: list[np.ndarray]) -> Path:
    with Writer(path, version=9, storage_plugin=storage) as writer:
        connection = writer.add_connection("/us", IMAGE, typestore=TYPES)
        for k, pixels in enumerate(images):
            writer.write(connection, START_NS + k * PERIOD_NS, TYPES.serialize_cdr(image(k, pixels), IMAGE))
    return path


def write_frames(path: Path, frames: list[Frame]) -> Path:
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection("/probe/frame", FRAME, msgdef=definition(FRAME), rihs01="RIHS01_")
        for sent in frames:
            writer.write(connection, sent.stamp_ns, encode(to_frame(sent)))
    return path


@pytest.mark.parametrize("storage", list(StoragePlugin))
def test_a_recording_runs_in_real_time_again_and_again_and_its_delay_is_found(
    storage: StoragePlugin, tmp_path: Path
) -> None:
    phantom, count = Phantom(21), 120
    images = [phantom.image(k * PERIOD_NS * 1e-9 - LATE_S) for k in range(count)]
    path = write_images(tmp_path / "bag", storage, images)
    stream = FrameStream(open_source(parse_address(f"bag:{path}")), ImagePlacer(0.1))
    frames = collect(stream, lasting(3.7))
    assert 0 <= time.time_ns() - frames[-1].stamp_ns < 5e9 and 0 <= time.monotonic_ns() - frames[-1].steady_ns < 5e9
    origin_s = (frames[0].stamp_ns - 7 * PERIOD_NS) * 1e-9  # the sector was looked for in the images before
    found_s = delay_s([f for f in frames if f.stamp_ns * 1e-9 - origin_s < 3.95], origin_s)
    print(f"delay {1e3 * found_s:.2f} ms, true {1e3 * LATE_S:.0f} ms")
    assert found_s == pytest.approx(LATE_S, abs=2e-3)
    assert frames[0].geometry.spacing_x_m == pytest.approx(SPACING_M, rel=0.05)
    stream.source.close()


def test_time_never_goes_backwards_when_a_recording_begins_again(tmp_path: Path) -> None:
    phantom = Phantom(22)
    path = write_frames(tmp_path / "bag", [frame(k, phantom.image(0.03 * k)) for k in range(6)])
    stream = FrameStream(open_source(parse_address(f"bag:{path}")), ImagePlacer())
    frames = collect(stream, lambda frames: len(frames) >= 20)
    assert [f.sequence for f in frames] == list(range(20))
    steps_ns = [b.stamp_ns - a.stamp_ns for a, b in pairwise(frames)]
    assert steps_ns == [PERIOD_NS] * 19, "also from the end to the beginning"
    assert all(np.array_equal(a.image, b.image) for a, b in zip(frames, frames[6:], strict=False))
    stream.source.close()


def test_frames_keep_the_geometry_and_settings_that_were_recorded_and_spacing_follows_depth(tmp_path: Path) -> None:
    phantom = Phantom(23)
    depths_m = [0.1, 0.1, 0.16, 0.16]
    sent = [frame(k, phantom.image(0.03 * k), depth) for k, depth in enumerate(depths_m)]
    stream = FrameStream(open_source(parse_address(f"bag:{write_frames(tmp_path / 'bag', sent)}")), ImagePlacer())
    heard = collect(stream, lambda frames: len(frames) >= 4)
    for before, after in zip(sent, heard, strict=True):
        g = after.geometry
        assert (g.spacing_x_m, g.depth_m, g.kind) == (before.geometry.spacing_x_m, before.geometry.depth_m, g.kind)
        assert (g.origin_u_px, g.origin_v_px) == (140.0, 0.0), "of the cut"
        assert np.array_equal(after.image, before.image[20:222, 20:300])
        assert repr(after.imaging) == repr(before.imaging)  # NaN is not equal to itself
    stream.source.close()


def test_repeated_images_are_left_out_and_a_pause_is_a_lost_signal(tmp_path: Path) -> None:
    phantom = Phantom(24)
    images = [image for k in range(5) for image in [phantom.image(0.1 * k)] * 2]
    sent = [frame(k if k < 8 else k + 60, images[k]) for k in range(10)]
    stream = FrameStream(open_source(parse_address(f"bag:{write_frames(tmp_path / 'bag', sent)}")), ImagePlacer())
    assert len(collect(stream, lambda frames: len(frames) >= 4)) == 4
    collect(stream, lambda _: not stream.signal.is_good)
    assert stream.signal.repeated == 4 and "no image from bag:bag" in stream.signal.reason
    collect(stream, lambda frames: bool(frames))
    assert stream.signal.is_good
    with pytest.raises(EchoPilotError, match="is a recording"):
        stream.source.apply(ImagingParameters(depth_m=0.1), 0.1)
    stream.source.close()


def test_stamps_that_go_back_and_damaged_messages_are_left_out_and_named(tmp_path: Path) -> None:
    phantom = Phantom(25)
    sent = [frame(k, phantom.image(0.03 * k)) for k in (0, 1, 5, 2, 6)]
    path = tmp_path / "bag"
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection("/probe/frame", FRAME, msgdef=definition(FRAME), rihs01="RIHS01_")
        for k, item in enumerate(sent):
            data = encode(to_frame(item))
            writer.write(connection, k, data[: len(data) // 2] if k == 1 else data)
    stream = FrameStream(open_source(parse_address(f"bag:{path}")), ImagePlacer())
    frames = collect(stream, lambda frames: len(frames) >= 3)
    assert [(f.stamp_ns - frames[0].stamp_ns) // PERIOD_NS for f in frames] == [0, 5, 6]
    remarks = " ".join(stream.source.take_remarks())
    assert "do not increase" in remarks and "is left out" in remarks
    stream.source.close()


def test_recordings_without_images_are_one_line_with_the_topics_there(tmp_path: Path) -> None:
    path = write_images(tmp_path / "bag", StoragePlugin.MCAP, [Phantom(26).image(0.0)])
    for address, reason in (
        (f"bag:{path}::/other", "choose one of: /us"),
        (f"bag:{tmp_path / 'missing'}", "does not exist"),
        (f"bag:{tmp_path}", "holds no bag file"),
    ):
        with pytest.raises(EchoPilotError, match=reason) as caught:
            open_source(parse_address(address))
        assert "\n" not in str(caught.value)
