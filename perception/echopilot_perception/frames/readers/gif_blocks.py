"""Blocks of a GIF file, walked to its end: decoders show what came before a cut and say nothing (GIF89a, W3C)."""

from echopilot_core import EchoPilotError

IMAGE, EXTENSION, TRAILER = 0x2C, 0x21, 0x3B
HEADER_BYTES, IMAGE_BYTES = 13, 10
TABLE, TABLE_SIZE = 0x80, 0x07  # bits of the packed field


def check_whole(data: bytes, name: str) -> None:
    """Raise EchoPilotError when a block of the file breaks off; a missing trailer alone is passed over."""
    at = HEADER_BYTES + _table(data, 10)
    while at < len(data):
        kind = data[at]
        if kind == TRAILER:
            return
        if kind == EXTENSION:
            at = _after_blocks(data, at + 2, name)
        elif kind == IMAGE:
            at = _after_blocks(data, at + IMAGE_BYTES + _table(data, at + 9) + 1, name)
        elif not any(data[at:]):  # padding
            return
        else:
            raise EchoPilotError(f"{name} is damaged: no block of a GIF at byte {at}")
    if at > len(data):
        raise EchoPilotError(f"{name} breaks off; the file is damaged")


def _table(data: bytes, at: int) -> int:
    """Bytes of the color table that the packed field at `at` announces."""
    packed = data[at] if at < len(data) else 0
    return 3 << ((packed & TABLE_SIZE) + 1) if packed & TABLE else 0


def _after_blocks(data: bytes, at: int, name: str) -> int:
    """Where a chain of sub-blocks ends."""
    while at < len(data):
        length = data[at]
        at += 1 + length
        if length == 0:
            return at
    raise EchoPilotError(f"{name} breaks off; the file is damaged")
