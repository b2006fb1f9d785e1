"""Strict parsing of single MCAP records: length, checksum and structure have to agree."""

import struct
import zlib
from io import BytesIO
from typing import Any

import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import (
    Attachment,
    AttachmentIndex,
    Channel,
    ChunkIndex,
    DataEnd,
    Footer,
    Header,
    McapRecord,
    Message,
    MessageIndex,
    Metadata,
    MetadataIndex,
    Schema,
    Statistics,
    SummaryOffset,
)

from echopilot_core import EchoPilotError

HEAD = struct.Struct("<BQ")  # opcode, length of the content
CHUNK_HEAD = struct.Struct("<QQQI")  # first and last stamp, size and checksum of the unpacked content
MESSAGE_HEAD = struct.Struct("<HIQQ")
LARGEST_RECORD = 256 * 2**20
PLAIN: dict[int, Any] = {
    Opcode.HEADER: Header,
    Opcode.FOOTER: Footer,
    Opcode.SCHEMA: Schema,
    Opcode.CHANNEL: Channel,
    Opcode.MESSAGE_INDEX: MessageIndex,
    Opcode.CHUNK_INDEX: ChunkIndex,
    Opcode.ATTACHMENT: Attachment,
    Opcode.ATTACHMENT_INDEX: AttachmentIndex,
    Opcode.STATISTICS: Statistics,
    Opcode.METADATA: Metadata,
    Opcode.METADATA_INDEX: MetadataIndex,
    Opcode.SUMMARY_OFFSET: SummaryOffset,
    Opcode.DATA_END: DataEnd,
}
BAD = (ValueError, struct.error, McapError, zstandard.ZstdError, MemoryError, OverflowError, IndexError, EOFError)


def parse_record(opcode: int, content: bytes) -> McapRecord:
    """One record that is no chunk; raises one of BAD unless its parts fill `content` exactly."""
    if opcode == Opcode.MESSAGE:
        return message(content, 0, len(content))
    stream = ReadDataStream(BytesIO(content))
    record: McapRecord = PLAIN[opcode].read(stream)
    if stream.count != len(content):
        raise ValueError("the parts of the record do not fill it")
    if opcode == Opcode.ATTACHMENT and zlib.crc32(content[:-4]) != int.from_bytes(content[-4:], "little"):
        raise ValueError("the checksum of the attachment is wrong")
    return record


def message(data: bytes, start: int, end: int) -> Message:
    """The message whose content is data[start:end]."""
    if end - start < MESSAGE_HEAD.size:
        raise ValueError("a message without a head")
    channel_id, sequence, log_time, publish_time = MESSAGE_HEAD.unpack_from(data, start)
    return Message(channel_id, log_time, data[start + MESSAGE_HEAD.size : end], publish_time, sequence)


class ChunkContent:
    """A chunk taken apart; raises one of BAD when its own lengths disagree, before anything is unpacked.

    `start_ns` and `end_ns` are the stamps that its head names.
    """

    def __init__(self, content: bytes) -> None:
        self.start_ns, self.end_ns, self._size, self._crc = CHUNK_HEAD.unpack_from(content)
        at = CHUNK_HEAD.size
        (length,) = struct.unpack_from("<I", content, at)
        if length > 16:
            raise ValueError("no name of a compression")
        self._compression = content[at + 4 : at + 4 + length].decode("ascii")
        (packed,) = struct.unpack_from("<Q", content, at + 4 + length)
        self._packed = content[at + 12 + length :]
        if len(self._packed) != packed or self.start_ns > self.end_ns:
            raise ValueError("the parts of the chunk do not fill it")
        if self._compression == "lz4":
            raise EchoPilotError("chunks packed with lz4 cannot be read; valid: zstd, none")
        if self._compression not in ("", "zstd") or self._size > LARGEST_RECORD:
            raise ValueError("no chunk")

    def records(self) -> list[tuple[int, McapRecord]]:
        """Place in the unpacked chunk, and record; raises one of BAD when anything is wrong."""
        return self._split(self._unpacked())

    def _unpacked(self) -> bytes:
        data = self._packed
        if self._compression == "zstd":
            if zstandard.frame_content_size(data) not in (-1, self._size):
                raise ValueError("the packed size is wrong")
            data = zstandard.ZstdDecompressor().stream_reader(data).read(self._size + 1)
        if len(data) != self._size or (self._crc and zlib.crc32(data) != self._crc):
            raise ValueError("the checksum of the chunk is wrong")
        return data

    @staticmethod
    def _split(data: bytes) -> list[tuple[int, McapRecord]]:
        found: list[tuple[int, McapRecord]] = []
        at = 0
        while at < len(data):
            opcode, length = HEAD.unpack_from(data, at)
            start, end = at + HEAD.size, at + HEAD.size + length
            if end > len(data):
                raise ValueError("a record reaches beyond its chunk")
            if opcode == Opcode.MESSAGE:
                found.append((at, message(data, start, end)))
            elif opcode in (Opcode.SCHEMA, Opcode.CHANNEL):
                found.append((at, parse_record(opcode, data[start:end])))
            at = end
        return found
