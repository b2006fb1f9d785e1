"""OpenIGTLink against pyigtl, both ways: stamps, matrix, spacing, samples and texts are kept; damage is refused."""

import numpy as np
import pyigtl
import pytest
from pyigtl.messages import MessageBase

from echopilot_core import se3
from echopilot_wire import igtl

STAMP_NS = 1_764_567_890_123_456_789


def ours(data: bytes) -> igtl.IgtlMessage:
    header = igtl.read_header(data[: igtl.HEADER_BYTES])
    assert header.body_bytes == len(data) - igtl.HEADER_BYTES
    return igtl.open_body(header, data[igtl.HEADER_BYTES :])


def theirs(data: bytes):
    fields = MessageBase.parse_header(data[: igtl.HEADER_BYTES])
    message = MessageBase.create_message(fields["message_type"])
    message.unpack(fields, data[igtl.HEADER_BYTES :])
    return message


def some_image(seed: int, shape: tuple[int, ...] = (40, 60)) -> igtl.IgtlImage:
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    T = se3.transform(se3.so3_exp(rng.normal(0.0, 1.0, 3)), rng.normal(0.0, 0.3, 3))
    return igtl.IgtlImage(rng.integers(0, 255, shape).astype(np.uint8), (0.31e-3, 0.17e-3), T)


def matrix_mm(image: igtl.IgtlImage) -> np.ndarray:
    matrix = image.T_world_image.copy()
    matrix[:3, 3] *= 1e3
    matrix[:3, 0] *= 1e3 * image.spacing_m[0]
    matrix[:3, 1] *= 1e3 * image.spacing_m[1]
    return matrix


@pytest.mark.parametrize("shape", [(40, 60), (33, 48, 3)])
def test_an_image_of_ours_is_the_same_for_pyigtl(shape: tuple[int, ...]) -> None:
    image = some_image(1, shape)
    data = igtl.pack(igtl.IgtlMessage("IMAGE", "probe", STAMP_NS, igtl.to_igtl_image(image)))
    read = theirs(data)
    assert read.device_name == "probe" and read.world_coordinate_system == "lps"
    assert read.timestamp == pytest.approx(STAMP_NS * 1e-9, abs=1e-6)
    assert np.array_equal(np.squeeze(read.image, 0), image.samples)
    assert np.allclose(read.ijk_to_world_matrix, matrix_mm(image), atol=1e-4)


@pytest.mark.parametrize("shape", [(40, 60), (33, 48, 3)])
def test_an_image_of_pyigtl_is_the_same_for_us(shape: tuple[int, ...]) -> None:
    image = some_image(2, shape)
    sent = pyigtl.ImageMessage(
        image.samples[None], matrix_mm(image), "lps", timestamp=STAMP_NS * 1e-9, device_name="Image_Reference"
    )
    message = ours(sent.pack())
    read = igtl.from_igtl_image(message.content)
    assert (message.kind, message.device) == ("IMAGE", "Image_Reference")
    assert abs(message.stamp_ns - STAMP_NS) < 1000
    assert np.array_equal(read.samples, image.samples)
    assert np.allclose(read.spacing_m, image.spacing_m, rtol=1e-6)
    assert np.allclose(read.T_world_image, image.T_world_image, atol=1e-6)


def test_an_image_in_ras_is_turned_to_lps() -> None:
    image = some_image(3)
    sent = pyigtl.ImageMessage(image.samples[None], matrix_mm(image), "ras", device_name="x")
    read = igtl.from_igtl_image(ours(sent.pack()).content)
    flipped = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.T_world_image
    assert np.allclose(read.T_world_image, flipped, atol=1e-6)


def test_transforms_and_texts_go_both_ways_and_metadata_is_read() -> None:
    T = some_image(4).T_world_image
    sent = igtl.pack(igtl.IgtlMessage("TRANSFORM", "ProbeToBase", STAMP_NS, igtl.to_igtl_transform(T)))
    in_mm = T.copy()
    in_mm[:3, 3] *= 1e3
    assert np.allclose(theirs(sent).matrix, in_mm, atol=1e-4)
    back = pyigtl.TransformMessage(in_mm, device_name="ProbeToBase")
    back.header_version, back.metadata = 2, {"TransformStatus": "OK", "Frame": "12"}
    message = ours(back.pack())
    assert np.allclose(igtl.from_igtl_transform(message.content), T, atol=1e-6)
    assert dict(message.metadata) == {"TransformStatus": "OK", "Frame": "12"}
    text = igtl.pack(
        igtl.IgtlMessage("STRING", "CMD_1", STAMP_NS, igtl.to_igtl_string("<a b='1'/>"), {"key": "valu\u00e9"})
    )
    assert theirs(text).string == "<a b='1'/>"
    assert theirs(text).metadata == {"key": "valu\u00e9"}
    assert (
        igtl.from_igtl_string(ours(pyigtl.StringMessage("depth 12 cm", device_name="x").pack()).content)
        == "depth 12 cm"
    )


def test_every_stamp_is_kept_to_the_nanosecond() -> None:
    rng = np.random.default_rng(5)
    for stamp_ns in [0, 1, 999_999_999, STAMP_NS, *(int(s) for s in rng.integers(0, 2**60, 2000))]:
        assert ours(igtl.pack(igtl.IgtlMessage("STATUS", "x", stamp_ns, b""))).stamp_ns == stamp_ns


def test_a_status_has_its_fields_where_the_protocol_puts_them() -> None:
    content = igtl.to_igtl_status(igtl.IgtlStatus(12, "NotReady", "no probe"))
    assert content[:2] == b"\0\x0c" and content[10:18] == b"NotReady" and content[30:] == b"no probe\0"
    assert igtl.from_igtl_status(content) == igtl.IgtlStatus(12, "NotReady", "no probe")


def test_damage_is_refused_and_never_read_as_something_else() -> None:
    image = igtl.to_igtl_image(some_image(6))
    data = bytearray(igtl.pack(igtl.IgtlMessage("IMAGE", "x", STAMP_NS, image, {"a": "b"})))
    header, rng = igtl.read_header(bytes(data[: igtl.HEADER_BYTES])), np.random.default_rng(6)
    for at in rng.integers(igtl.HEADER_BYTES, len(data), 50):
        wrong = bytearray(data)
        wrong[at] ^= 1 << int(rng.integers(8))
        with pytest.raises(ValueError, match="checksum"):
            igtl.open_body(header, bytes(wrong[igtl.HEADER_BYTES :]))
    for size in range(0, 72, 7):
        with pytest.raises(ValueError):
            igtl.from_igtl_image(image[:size])
    for cut in (1, 100):
        with pytest.raises(ValueError, match="bytes"):
            igtl.from_igtl_image(image[:-cut])
    with pytest.raises(ValueError, match="no OpenIGTLink"):
        igtl.read_header(b"GET / HTTP/1.1\r\n".ljust(58))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"spacing_m": (0.0, 1e-3)}, "perpendicular"),
        ({"spacing_m": (float("nan"), 1e-3)}, "perpendicular"),
        ({"T_world_image": np.full((4, 4), np.nan)}, "perpendicular"),
        ({"samples": np.zeros((2, 40, 4), np.uint8)}, "channels"),
    ],
)
def test_images_without_a_place_or_with_unknown_samples_are_refused(change: dict, reason: str) -> None:
    fields = {"samples": np.zeros((40, 60), np.uint8), "spacing_m": (1e-3, 1e-3), "T_world_image": np.eye(4)} | change
    with pytest.raises(ValueError, match=reason):
        igtl.from_igtl_image(igtl.to_igtl_image(igtl.IgtlImage(**fields)))


def test_a_transform_that_is_not_rigid_is_refused() -> None:
    for T in (np.diag([1.0, 1.0, 2.0, 1.0]), np.diag([1.0, 1.0, -1.0, 1.0]), np.full((4, 4), np.inf)):
        with pytest.raises(ValueError, match="rigid"):
            igtl.from_igtl_transform(igtl.to_igtl_transform(T))
