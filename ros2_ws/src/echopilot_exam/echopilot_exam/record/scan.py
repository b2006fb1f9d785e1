"""Reads an MCAP file from the front, also one that has no end because its writer died."""

import struct
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcap.exceptions import InvalidMagic, McapError
from mcap.records import Attachment, Channel, Message, Metadata, Schema
from mcap.stream_reader import StreamReader
from mcap_ros2.decoder import DecoderFactory
from zstandard import ZstdError

from echopilot_core import EchoPilotError

CUT = (McapError, struct.error, ZstdError, ValueError, IndexError, EOFError, MemoryError, OverflowError)
LARGEST_RECORD = 256 * 2**20


@dataclass(frozen=True)
class RecordedMessage:
    """One message as it stands in the file; `decoded` has its fields as attributes."""

    topic: str
    type_name: str
    stamp_ns: int
    data: bytes
    decode: Callable[[bytes], Any]

    @property
    def decoded(self) -> Any:
        return self.decode(self.data)


class Scan:
    """Iterates over the messages of `type_names` (all without) in the order of the file.

    Raises EchoPilotError when it is no MCAP file. After the end `cut` says whether the file was whole ("" then), and
    `metadata` and `attachments` hold what was passed; ours stand at the beginning.
    """

    def __init__(self, path: Path, type_names: Collection[str] = ()) -> None:
        self.path = path
        self.cut = ""
        self.metadata: dict[str, dict[str, str]] = {}
        self.attachments: dict[str, bytes] = {}
        self._wanted = type_names
        self._schemas: dict[int, Schema] = {}
        self._channels: dict[int, Channel] = {}
        self._decoders: dict[int, Callable[[bytes], Any]] = {}

    def __iter__(self) -> Iterator[RecordedMessage]:
        factory = DecoderFactory()
        count = 0
        for record in self.records():
            if not isinstance(record, Message):
                continue
            count += 1
            channel = self._channels[record.channel_id]
            schema = self._schemas[channel.schema_id]
            if self._wanted and schema.name not in self._wanted:
                continue
            decode = self._decoders.get(schema.id)
            if decode is None:
                made = factory.decoder_for(channel.message_encoding, schema)
                if made is None:
                    raise EchoPilotError(f"{self.path}: {schema.name} in {schema.encoding} cannot be decoded")
                decode = self._decoders[schema.id] = made
            yield RecordedMessage(channel.topic, schema.name, record.log_time, record.data, decode)

    def records(self) -> Iterator[Any]:
        """Every record, those of the index too; keeps schemas, channels, metadata and attachments."""
        with self.path.open("rb") as file:
            reader = StreamReader(file, validate_crcs=True, record_size_limit=LARGEST_RECORD).records
            while True:
                try:
                    record = next(reader)
                except InvalidMagic as error:
                    if self._channels or self.metadata:
                        self.cut = "the end is missing"
                        return
                    raise EchoPilotError(f"{self.path} is no MCAP file") from error
                except CUT as error:
                    if file.tell() < 16:
                        raise EchoPilotError(f"{self.path} is no MCAP file") from error
                    self.cut = "the end is missing"
                    return
                except StopIteration:
                    return
                if isinstance(record, Schema):
                    self._schemas[record.id] = record
                elif isinstance(record, Channel):
                    self._channels[record.id] = record
                elif isinstance(record, Metadata):
                    self.metadata[record.name] = dict(record.metadata)
                elif isinstance(record, Attachment):
                    self.attachments[record.name] = record.data
                yield record
