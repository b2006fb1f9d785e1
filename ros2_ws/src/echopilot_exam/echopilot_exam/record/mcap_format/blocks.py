"""Sequential reading of an MCAP file that goes on behind what is damaged."""

import os
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mcap.opcode import Opcode
from mcap.records import DataEnd, Footer, McapRecord, Message, MessageIndex, Statistics

from echopilot_core import EchoPilotError
from echopilot_exam.record.mcap_format.damage import Damage, DamageLog
from echopilot_exam.record.mcap_format.records import BAD, HEAD, LARGEST_RECORD, ChunkContent, parse_record

MAGIC = b"\x89MCAP0\r\n"
RECORD_HEAD = re.compile(rb"[\x03-\x07\x09\x0c\x0f][\x00-\xff]{4}\x00{4}")
"""Where a record may begin again behind damage: opcode, and a length below 4 GiB."""
WINDOW = 4 * 2**20
OPCODES = frozenset(int(code) for code in Opcode)

Step = tuple[list[McapRecord], int]
"""Records of a block, and where the next block begins."""


class McapBlocks:
    """Iterates over all records, those of a chunk in its place; a chunk comes whole or not at all.

    After the end, `damage` lists what was skipped, `has_end` tells that the file reaches its last byte, `has_data_end`
    that no message can have followed, `messages` counts those read.

    Raises:
        EchoPilotError: when nothing of it is MCAP.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.has_end = self.has_data_end = False
        self.messages = 0
        self._log = DamageLog()
        self._size = path.stat().st_size
        self._index: Counter[tuple[int, int, int]] = Counter()  # channel, stamp, place of the last chunk's messages
        self._index_span: tuple[int, int] | None = None
        self._chunk_end = self._summary_at = 0
        self._expected: int | None = None
        self._is_chunked = False

    @property
    def damage(self) -> list[Damage]:
        """What was skipped so far."""
        return self._log.found

    def __iter__(self) -> Iterator[McapRecord]:
        with self.path.open("rb") as file:
            self._file = file.fileno()
            at = self._begin()
            is_mcap = False
            while at < self._size and not self.has_end:
                records, at = self._step(at)
                is_mcap = is_mcap or bool(records)
                yield from records
                if records and isinstance(records[-1], Footer):
                    self.has_end = self._read(at, len(MAGIC)) == MAGIC
            if not is_mcap:
                raise EchoPilotError(f"{self.path} is no MCAP file")
            self._finish(at + len(MAGIC))

    def _begin(self) -> int:
        if self._read(0, len(MAGIC)) == MAGIC:
            return len(MAGIC)
        if self._is_record(len(MAGIC)):
            self._log.add_index(0, len(MAGIC), "first bytes")
            return len(MAGIC)
        return 0

    def _step(self, at: int) -> Step:
        end = self._end(at)
        if not end:
            return [], self._skip(at, self._find(at + 1))
        opcode, content = self._read(at, 1)[0], self._read(at + HEAD.size, end - at - HEAD.size)
        if opcode == Opcode.CHUNK:
            return self._chunk(at, end, content)
        try:
            record = parse_record(opcode, content)
        except (*BAD, KeyError):
            if not self._is_start(end):
                return [], self._skip(at, self._find(at + 1))
            if opcode == Opcode.MESSAGE:
                self._log.add_records(at, end - at, "message")
            elif opcode in OPCODES:
                self._log.add_index(at, end - at, Opcode(opcode).name.lower().replace("_", " "))
            return [], end
        following = end if self._is_start(end) else self._find(at + 1)
        if following < end:  # bytes are missing, and the next record lies in this one
            return [], self._skip(at, following)
        self._note(record, at, content)
        return [record], end if following == end else self._skip(end, following)

    def _chunk(self, at: int, end: int, content: bytes) -> Step:
        self._is_chunked = True
        self._close_index()
        start_ns = end_ns = None
        try:
            chunk = ChunkContent(content)
            start_ns, end_ns = chunk.start_ns, chunk.end_ns
            placed = chunk.records()
        except BAD:
            if not self._is_start(end):
                return [], self._skip(at, self._find(at + 1))
            self._log.add_chunk(at, end - at, start_ns, end_ns)
            return [], end
        messages = [(place, record) for place, record in placed if isinstance(record, Message)]
        stamps = [message.log_time for _, message in messages]
        self._log.settle(min(stamps, default=None))
        if stamps and (start_ns, end_ns) != (min(stamps), max(stamps)):
            self._log.add_index(at, end - at, "head of a chunk")
        self._index = Counter((message.channel_id, message.log_time, place) for place, message in messages)
        self._chunk_end = end
        self._log.last_ns = max(stamps, default=self._log.last_ns)
        self.messages += len(messages)
        return [record for _, record in placed], end

    def _note(self, record: McapRecord, at: int, content: bytes) -> None:
        end = at + HEAD.size + len(content)
        if isinstance(record, MessageIndex):
            if self._index:
                self._index_span = self._chunk_end, end
                self._index.subtract((record.channel_id, stamp, place) for stamp, place in record.records)
            else:
                self._log.count(len(record.records))
            return
        self._close_index()
        if isinstance(record, Message):
            self._log.settle(record.log_time)
            self._log.last_ns = record.log_time
            self.messages += 1
        elif isinstance(record, DataEnd):
            self.has_data_end = True
            self._summary_at = end
        elif isinstance(record, Statistics):
            self._expected = record.message_count
        elif isinstance(record, Footer):
            self.has_data_end = True
            self._check_summary(record, at, content)

    def _close_index(self) -> None:
        """Where a chunk has an index, that has to name every message and nothing else."""
        if self._index_span is not None and any(self._index.values()):
            begin, end = self._index_span
            self._log.add_index(begin, end - begin, "index of a chunk")
        self._index, self._index_span = Counter(), None

    def _check_summary(self, footer: Footer, at: int, content: bytes) -> None:
        """The index at the end is good when its checksum is, and in place when it lies where the footer says."""
        start = self._summary_at or at
        head = self._read(at, HEAD.size) + content[:16]
        is_good = footer.summary_crc in (0, zlib.crc32(head, zlib.crc32(self._read(start, at - start))))
        if not is_good or footer.summary_start not in (0, start):
            self._log.add_index(start, at - start, "index at the end")
        if not is_good:
            self._expected = None

    def _finish(self, end: int) -> None:
        if self.has_end and end < self._size:
            self._log.add_index(end, self._size - end, "bytes behind the end")
        if not self.has_end:
            self._index_span = None  # cut off with the rest
        self._close_index()
        self._log.settle(None)
        if self._expected is not None and self.has_end:
            self._log.reconcile(self._expected - self.messages)

    def _skip(self, at: int, following: int) -> int:
        """Note that nothing can be read between the two; returns the second."""
        self._close_index()
        what = "incomplete record" if following == self._size else "records"
        if following == self._size and self.has_data_end:
            self._log.add_index(at, following - at, what)
        else:
            self._log.add_records(at, following - at, what)
        return following

    def _find(self, start: int) -> int:
        """Where the next record begins at or behind `start`; the end of the file where none does."""
        for begin in range(start, self._size, WINDOW):
            data = self._read(begin, WINDOW + HEAD.size)
            for match in RECORD_HEAD.finditer(data):
                if match.start() < WINDOW and self._is_record(begin + match.start()):
                    return begin + match.start()
        return self._size

    def _is_record(self, at: int) -> bool:
        end = self._end(at)
        if not end:
            return False
        opcode, content = self._read(at, 1)[0], self._read(at + HEAD.size, end - at - HEAD.size)
        try:
            if opcode == Opcode.CHUNK:
                ChunkContent(content)
            elif opcode == Opcode.MESSAGE:
                return not self._is_chunked and len(content) >= 22 and self._is_start(end)
            else:
                parse_record(opcode, content)
        except (*BAD, KeyError, EchoPilotError):
            return False
        return True

    def _end(self, at: int) -> int:
        """End of the record at `at`; 0 when there cannot be one."""
        head = self._read(at, HEAD.size)
        if len(head) < HEAD.size:
            return 0
        opcode, length = HEAD.unpack(head)
        end: int = at + HEAD.size + length
        return end if opcode and length <= LARGEST_RECORD and end <= self._size else 0

    def _is_start(self, at: int) -> bool:
        """Whether a record can begin at `at`, or the file can end there."""
        if at == self._size or self._read(at, len(MAGIC)) == MAGIC:
            return True
        return bool(self._end(at)) and self._read(at, 1)[0] in OPCODES

    def _read(self, at: int, length: int) -> bytes:
        return os.pread(self._file, length, at)
