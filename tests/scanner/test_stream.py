"""Frames of a live source: crop and scale by a calibration image or a stated depth, order, reasons of a lost signal."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from phantom import DEPTH_PX, SPACING_M, Phantom

from echopilot_core import SCALE_UNKNOWN, EchoPilotError, ImagingParameters, ManualClock
from echopilot_scanner import ADDRESSES, FrameStream, ImagePlacer, SourceImage, parse_address

PERIOD_NS = 33_000_000


class Listed:
    """A source that gives the images of a list, None where the list has None."""

    name, trouble = "list:x", ""

    def __init__(self, images: list[SourceImage | None]) -> None:
        self._images = iter(images)

    def read(self, timeout_s: float) -> SourceImage | None:
        return next(self._images)


def images_of(phantom: Phantom, count: int, first: int = 1, mirrored: bool = False) -> list[SourceImage | None]:
    screens = [cv2.cvtColor(phantom.screen(0.03 * k), cv2.COLOR_BGR2RGB) for k in range(count)]
    return [
        SourceImage((first + k) * PERIOD_NS, 0, np.ascontiguousarray(s[:, ::-1]) if mirrored else s)
        for k, s in enumerate(screens)
    ]


def frames_of(placer: ImagePlacer, images: list[SourceImage | None]) -> list:
    stream = FrameStream(Listed(images), placer)
    return [frame for _ in images if (frame := stream.next(0.1)) is not None]


def test_a_stated_depth_gives_the_scale_and_the_first_images_the_crop() -> None:
    frames = frames_of(ImagePlacer(0.1), images_of(Phantom(31), 12))
    assert len(frames) == 5, "eight images are looked at first"
    frame = frames[-1]
    assert frame.image.shape[0] == pytest.approx(DEPTH_PX, abs=12) and frame.image.shape[1] < 300
    assert frame.geometry.spacing_x_m == pytest.approx(SPACING_M, rel=0.05)
    assert frame.geometry.origin_u_px == pytest.approx(frame.image.shape[1] / 2, abs=5)
    assert frame.geometry.origin_v_px == pytest.approx(0.0, abs=8)
    assert frame.sector.right_px == frame.image.shape[1] and frame.imaging.calibrated


def test_without_any_scale_nothing_is_calibrated() -> None:
    assert frames_of(ImagePlacer(), images_of(Phantom(32), 9))[0].imaging.preset == SCALE_UNKNOWN


def test_a_calibration_image_fixes_crop_and_scale_from_the_first_image_on(tmp_path: Path) -> None:
    path = tmp_path / "calibration.png"
    cv2.imwrite(str(path), Phantom(33).screen(0.0))
    fixed = frames_of(ImagePlacer(0.1, calibration=path), images_of(Phantom(34), 3))
    assert len(fixed) == 3
    assert fixed[0].geometry.spacing_x_m == pytest.approx(SPACING_M, rel=0.05)
    with pytest.raises(EchoPilotError, match="has no scale; give its depth_m"):
        ImagePlacer(calibration=path)


def test_images_of_another_size_than_the_calibration_image_are_refused_with_both_sizes(tmp_path: Path) -> None:
    path, phantom = tmp_path / "calibration.png", Phantom(35)
    cv2.imwrite(str(path), phantom.image(0.0))
    stream = FrameStream(Listed(images_of(phantom, 1)), ImagePlacer(0.1, calibration=path))
    assert stream.next(0.1) is None
    assert stream.signal.reason == "list:x: images of 480 x 400 px; the calibration image has 320 x 240"


def test_spacing_follows_a_depth_that_the_operator_states_anew() -> None:
    placer, phantom = ImagePlacer(0.1), Phantom(36)
    before = frames_of(placer, images_of(phantom, 9))[-1]
    placer.set_depth(0.15)
    after = frames_of(placer, images_of(phantom, 9))[-1]
    assert after.geometry.spacing_x_m == pytest.approx(1.5 * before.geometry.spacing_x_m, rel=0.02)
    with pytest.raises(EchoPilotError, match="none of ultrasound"):
        placer.set_depth(0.6)


def test_mirrored_displays_are_turned() -> None:
    plain = frames_of(ImagePlacer(0.1), images_of(Phantom(37), 9))[-1]
    turned = frames_of(ImagePlacer(0.1, mirror=True), images_of(Phantom(37), 9, mirrored=True))[-1]
    assert plain.image.shape == turned.image.shape
    assert np.array_equal(plain.image, turned.image)


def test_images_out_of_order_are_left_out() -> None:
    images = images_of(Phantom(38), 12)
    images[10], images[11] = images[11], images[10]
    stream = FrameStream(Listed(images), ImagePlacer(0.1))
    frames = [frame for _ in images if (frame := stream.next(0.1)) is not None]
    assert [f.sequence for f in frames] == [0, 1, 2, 3]
    assert stream.signal.disordered == 1


def test_a_frozen_stream_gives_one_more_frame_that_says_so_and_goes_on_with_new_images() -> None:
    clock, images = ManualClock(), images_of(Phantom(40), 20)
    stream = FrameStream(Listed(images), ImagePlacer(0.1), clock)
    given = []
    for k in range(len(images)):
        stream.frozen = 12 <= k < 16
        clock.advance_to(clock.now_ns() + 200_000_000)
        frame = stream.next(0.1)
        given.append(None if frame is None else (frame.sequence, frame.imaging.frozen, frame.stamp_ns // PERIOD_NS))
        assert k < 8 or stream.signal.is_good, "freezing is no loss of the signal"
    assert given[11:18] == [(4, False, 12), (5, True, 13), None, None, None, (6, False, 17), (7, False, 18)]


def test_each_loss_has_its_reason_and_the_sources_own_comes_first() -> None:
    clock, images = ManualClock(), images_of(Phantom(39), 9)
    last = images[-1]
    assert last is not None
    source = Listed([*images, *(SourceImage(last.stamp_ns + k, 0, last.pixels) for k in range(1, 100)), None])
    stream = FrameStream(source, ImagePlacer(0.1), clock)
    assert stream.signal.reason == "list:x: no image yet"
    stream.next(0.1)
    assert "the sector is looked for in 8 images that differ; 1 came so far" in stream.signal.reason
    for _ in images[1:]:
        clock.advance_to(clock.now_ns() + PERIOD_NS)
        stream.next(0.1)
    assert stream.signal.is_good
    for _ in range(20):
        clock.advance_to(clock.now_ns() + PERIOD_NS)
        stream.next(0.1)
    assert stream.signal.reason == "the image of list:x has not changed for 0.7 s: frozen, or without signal"
    clock.advance_to(clock.now_ns() + 2_000_000_000)
    assert stream.signal.reason == "no image from list:x for 2.0 s; expected one every 0.5 s"
    source.trouble = "list:x is unplugged"
    assert stream.signal.reason == "list:x is unplugged"


@pytest.mark.parametrize("text", ["", "usb", "igtl:", "igtl:host:0", "igtl:host:port", "v4l2:/dev/video0@x", "topic:"])
def test_what_is_no_address_is_refused_with_all_that_are(text: str) -> None:
    with pytest.raises(EchoPilotError) as caught:
        parse_address(text)
    assert all(form in str(caught.value) for form in ADDRESSES) and "\n" not in str(caught.value)


def test_addresses_are_taken_apart() -> None:
    address = parse_address("igtl:[::1]:18945/Image_Reference")
    assert (address.kind, address.place, address.port, address.device) == ("igtl", "::1", 18945, "Image_Reference")
    assert parse_address("igtl:scanner").port == 18944
    assert parse_address("v4l2:/dev/video0@1920x1080").size == (1920, 1080)
    assert parse_address("bag:a/b::/us").place == "a/b::/us"


def test_commands_of_settings_are_read_back_as_they_were_asked() -> None:
    from echopilot_scanner.igtl.commands import read_setting_command, setting_command

    asked = ImagingParameters(depth_m=0.12, focus_m=0.06, dynamic_range_db=55.0, tgc_db=(0.0, 1.5, -2.0))
    assert repr(read_setting_command(setting_command(asked, 0.2), 0.2)) == repr(asked)
    with pytest.raises(EchoPilotError, match="lies below the depth"):
        setting_command(ImagingParameters(focus_m=0.2), 0.1)
    for text, reason in (
        ("<Command Name='Reboot'/>", "valid: SetUsParameter"),
        ("<Command Name='SetUsParameter'><Parameter Name='Power' Value='1'/></Command>", "DepthMm"),
        ("<Command Name='SetUsParameter'><Parameter Name='DepthMm' Value='deep'/></Command>", "is no number"),
        ("depth 12", "is not XML"),
    ):
        with pytest.raises(EchoPilotError, match=reason):
            read_setting_command(text, 0.1)
