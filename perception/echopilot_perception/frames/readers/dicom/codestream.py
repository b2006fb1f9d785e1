"""Size announced by compressed DICOM frames, checked before they are decoded."""

from collections.abc import Iterator

from pydicom import Dataset
from pydicom.encaps import generate_fragments

from echopilot_core import EchoPilotError
from echopilot_perception.frames.readers.dicom.jpeg_xl import announced_size

_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}  # ITU-T T.81 table B.1; T.87: SOF55
_LOOK_BYTES = 65_536
_PAD_BYTES = 64  # writers pad a stream after its end: with 00, FF, or to a block
_PLAIN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99")


def check_streams(data: Dataset, name: str) -> None:
    """Raise EchoPilotError when a fragment announces another size than the file, or when the last one breaks off.

    A small file could otherwise fill the memory, or keep a decoder busy for seconds.
    """
    if str(data.file_meta.TransferSyntaxUID) in _PLAIN:
        return
    expected = (int(data.Columns), int(data.Rows))
    last = b""
    for fragment in generate_fragments(data.PixelData):
        last = fragment or last
        for size in announced(fragment):
            if size != expected:
                raise EchoPilotError(
                    f"{name}: a frame of {size[0]} x {size[1]} px in a clip of {expected[0]} x {expected[1]}"
                )
    if broken_off(last):
        raise EchoPilotError(f"{name}: its last frame breaks off; the file is damaged")


def announced(fragment: bytes) -> Iterator[tuple[int, int]]:
    """Width and height that a JPEG, JPEG-LS, JPEG 2000 or JPEG XL stream starts with; nothing for other bytes."""
    size = announced_size(fragment)
    if size is not None:
        yield size
    if fragment.startswith(b"\xff\x4f\xff\x51") and len(fragment) >= 24:  # SOC, SIZ (ITU-T T.800 A.5.1)
        right, bottom, left, top = (int.from_bytes(fragment[k : k + 4], "big") for k in (8, 12, 16, 20))
        yield right - left, bottom - top
    if not fragment.startswith(b"\xff\xd8"):
        return
    at = 2
    while at + 9 <= min(len(fragment), _LOOK_BYTES) and fragment[at] == 0xFF:
        if fragment[at + 1] in _JPEG_FRAMES:
            yield int.from_bytes(fragment[at + 7 : at + 9], "big"), int.from_bytes(fragment[at + 5 : at + 7], "big")
            return
        at += 2 + int.from_bytes(fragment[at + 2 : at + 4], "big")


def broken_off(fragment: bytes) -> bool:
    """Whether the last fragment of a JPEG, JPEG-LS or JPEG 2000 stream lacks its end marker (EOI, EOC).

    Bytes after the marker are padding. Within the stream its two bytes never follow each other.
    """
    return fragment.startswith((b"\xff\xd8", b"\xff\x4f")) and b"\xff\xd9" not in fragment[-_PAD_BYTES:]
