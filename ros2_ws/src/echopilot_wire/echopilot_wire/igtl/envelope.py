"""Envelope of an OpenIGTLink message: header, checksum, extended header and metadata of version 2."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from struct import Struct, error

from fastcrc import crc64

from echopilot_wire.basic import NS_PER_S

HEADER = Struct(">H12s20sIIQQ")  # version, type, device, seconds, fraction, size of the body, checksum
HEADER_BYTES = HEADER.size
EXTENDED = Struct(">HHII")  # own size, size of the metadata's index, of its texts, number of the message
ENTRY = Struct(">HHI")  # of the index: size of the key, encoding and size of the value
VERSIONS = (1, 2)  # of the header; protocol 3 uses 2
MAX_BODY_BYTES = 64_000_000
ASCII, UTF8 = 3, 106  # character sets of IANA
_FRACTIONS = 1 << 32  # in a second


@dataclass(frozen=True)
class IgtlHeader:
    """First 58 bytes of a message; `stamp_ns` counts on the sender's clock, 0 where it has none."""

    version: int
    kind: str
    device: str
    stamp_ns: int
    body_bytes: int
    checksum: int


@dataclass(frozen=True)
class IgtlMessage:
    """A message: its type ("IMAGE"), the device that it is of, its stamp [ns], content and metadata."""

    kind: str
    device: str
    stamp_ns: int
    content: bytes
    metadata: Mapping[str, str] = field(default_factory=dict)


def read_header(data: bytes) -> IgtlHeader:
    """Header from its 58 bytes; ValueError where they are none: the stream is no OpenIGTLink, or out of step."""
    if len(data) != HEADER_BYTES:
        raise ValueError(f"a header of {len(data)} bytes; it has {HEADER_BYTES}")
    version, kind, device, seconds, fraction, size, checksum = HEADER.unpack(data)
    if version not in VERSIONS:
        raise ValueError(f"no OpenIGTLink: header version {version}; known are 1 and 2")
    if size > MAX_BODY_BYTES:
        raise ValueError(f"a message of {size / 1e6:.0f} MB; at most {MAX_BODY_BYTES / 1e6:.0f} are read")
    stamp_ns = seconds * NS_PER_S + (fraction * NS_PER_S + _FRACTIONS // 2) // _FRACTIONS
    return IgtlHeader(version, _text(kind), _text(device), stamp_ns, size, checksum)


def open_body(header: IgtlHeader, body: bytes) -> IgtlMessage:
    """The message of a header and its body; ValueError when the checksum or the sizes inside are wrong."""
    if len(body) != header.body_bytes or crc64.ecma_182(body) != header.checksum:
        raise ValueError(f"{header.kind} of {header.device!a} is damaged: its checksum is wrong")
    if header.version == 1:
        return IgtlMessage(header.kind, header.device, header.stamp_ns, body)
    try:
        own, index, texts, _ = EXTENDED.unpack_from(body)
        end = len(body) - index - texts
        if not EXTENDED.size <= own <= end:
            raise ValueError("sizes that exceed the message")
        metadata = _metadata(body[end:], index)
    except (error, ValueError) as problem:
        raise ValueError(f"{header.kind} of {header.device!a} has a damaged extended header: {problem}") from problem
    return IgtlMessage(header.kind, header.device, header.stamp_ns, body[own:end], metadata)


def pack(message: IgtlMessage) -> bytes:
    """Bytes of a message: header version 1, or 2 where there is metadata; ValueError for too long names."""
    kind, device = message.kind.encode("ascii"), message.device.encode("ascii")
    if len(kind) > 12 or len(device) > 20:
        raise ValueError(f"{message.kind} of {message.device}: at most 12 and 20 letters fit")
    body = _with_metadata(message) if message.metadata else message.content
    seconds, left_ns = divmod(message.stamp_ns, NS_PER_S)
    fraction = (left_ns * _FRACTIONS + NS_PER_S // 2) // NS_PER_S
    version = 2 if message.metadata else 1
    return HEADER.pack(version, kind, device, seconds, fraction, len(body), crc64.ecma_182(body)) + body


def _with_metadata(message: IgtlMessage) -> bytes:
    pairs = [(key.encode(), value.encode()) for key, value in message.metadata.items()]
    index = Struct(">H").pack(len(pairs)) + b"".join(ENTRY.pack(len(k), UTF8, len(v)) for k, v in pairs)
    texts = b"".join(k + v for k, v in pairs)
    return EXTENDED.pack(EXTENDED.size, len(index), len(texts), 0) + message.content + index + texts


def _metadata(data: bytes, index_bytes: int) -> dict[str, str]:
    if not data:
        return {}
    (count,) = Struct(">H").unpack_from(data)
    if index_bytes != 2 + count * ENTRY.size:
        raise ValueError(f"an index of {index_bytes} bytes for {count} entries")
    found, at = {}, index_bytes
    for k in range(count):
        key_bytes, charset, value_bytes = ENTRY.unpack_from(data, 2 + k * ENTRY.size)
        key, value = data[at : at + key_bytes], data[at + key_bytes : at + key_bytes + value_bytes]
        found[key.decode()] = value.decode("utf-8" if charset in (ASCII, UTF8) else "latin-1")
        at += key_bytes + value_bytes
    if at != len(data):
        raise ValueError("texts that do not fill their place")
    return found


def _text(padded: bytes) -> str:
    """Text up to the first zero, as senders leave garbage behind it."""
    return padded.split(b"\0")[0].decode("latin-1").strip()
