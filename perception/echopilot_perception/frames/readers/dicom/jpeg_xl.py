"""Size that a JPEG XL stream announces (ISO/IEC 18181-1 SizeHeader, 18181-2 container), read before it is decoded."""

CODESTREAM = b"\xff\x0a"
CONTAINER = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
SIZE_BITS = (9, 13, 18, 30)
HEADER_BYTES = 16


def announced_size(stream: bytes) -> tuple[int, int] | None:
    """Width and height of a stream, bare or in its container; None for other bytes."""
    start = stream[: HEADER_BYTES + 2] if stream.startswith(CODESTREAM) else _in_container(stream)
    if not start.startswith(CODESTREAM):
        return None
    bits = _Bits(start[2:])
    small = bits.take(1) == 1
    height = _side(bits, small)
    ratio = bits.take(3)
    if ratio:
        across, down = RATIOS[ratio - 1]
        return height * across // down, height
    return _side(bits, small), height


class _Bits:
    """Bits of a field, the lowest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._left = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        value = self._left & ((1 << count) - 1)
        self._left >>= count
        return value


def _side(bits: _Bits, small: bool) -> int:
    return (bits.take(5) + 1) * 8 if small else 1 + bits.take(SIZE_BITS[bits.take(2)])


def _in_container(stream: bytes) -> bytes:
    """The beginning of the codestream in the first box `jxlc` or `jxlp`."""
    at = len(CONTAINER) if stream.startswith(CONTAINER) else len(stream)
    while at + 8 <= len(stream):
        length, kind, body = int.from_bytes(stream[at : at + 4], "big"), stream[at + 4 : at + 8], at + 8
        if length == 1:
            length, body = int.from_bytes(stream[at + 8 : at + 16], "big"), at + 16
        if kind in (b"jxlc", b"jxlp"):
            body += 4 if kind == b"jxlp" else 0
            return stream[body : body + HEADER_BYTES + 2]
        if length < 8:
            break
        at += length
    return b""
