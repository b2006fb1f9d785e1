"""Messages of an MCAP recording in the order of the file, also of a damaged or truncated one."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcap.records import Attachment, Channel, McapRecord, Message, Metadata, Schema
from mcap.well_known import MessageEncoding, SchemaEncoding

from echopilot_core import EchoPilotError
from echopilot_exam.record.mcap_format import Damage, McapBlocks
from echopilot_wire.recorded import recorded_decoder, today_name

CUT = "the end is missing"


@dataclass(frozen=True)
class RecordedMessage:
    """One message of the file; type name and `decoded` are those of today's messages.

    `decoded` has the message's fields as attributes, and raises ValueError for damaged bytes.
    """

    topic: str
    type_name: str
    stamp_ns: int
    data: bytes
    decode: Callable[[bytes], Any]

    @property
    def decoded(self) -> Any:
        return self.decode(self.data)


class McapScan:
    """Iterates over the messages of `type_names` (empty: all), named as today, in the order of the file.

    Recordings of EchoPilot 0.5 read like those of today. After the end, `cut` says that the end is missing ("" for a
    file that has one), `damage` lists the spans in the middle that were skipped, `metadata` and `attachments` hold
    those that were read, `undefined` counts messages whose topic is not known, its definition being lost.

    Raises:
        EchoPilotError: when it is no MCAP file.
    """

    def __init__(self, path: Path, type_names: Collection[str] = ()) -> None:
        self.path = path
        self.cut = ""
        self.damage: list[Damage] = []
        self.has_data_end = True
        self.undefined = 0
        self.metadata: dict[str, dict[str, str]] = {}
        self.attachments: dict[str, bytes] = {}
        self.schemas: dict[int, Schema] = {}
        self.channels: dict[int, Channel] = {}
        self._wanted = type_names
        self._has_searched = False
        self._decoders: dict[int, Callable[[bytes], Any]] = {}

    @property
    def is_whole(self) -> bool:
        """After the end: True when nothing is missing and every index is right."""
        return not self.cut and not self.damage and not self.undefined

    def __iter__(self) -> Iterator[RecordedMessage]:
        for record in self.records():
            if not isinstance(record, Message):
                continue
            channel = self.channels[record.channel_id]
            schema = self.schemas.get(channel.schema_id)
            if schema is None:  # other tools' messages may have none
                continue
            name = today_name(schema.name)
            if not self._wanted or name in self._wanted:
                yield RecordedMessage(channel.topic, name, record.log_time, record.data, self._decoder(channel, schema))

    def records(self) -> Iterator[McapRecord]:
        """All records, those of the index included; a message only when its topic and type are known."""
        blocks = McapBlocks(self.path)
        for record in blocks:
            if isinstance(record, Metadata):
                self.metadata[record.name] = dict(record.metadata)
            elif isinstance(record, Attachment):
                self.attachments[record.name] = record.data
            elif isinstance(record, Message) and not self._is_defined(record):
                self.undefined += 1
                continue
            self._keep(record)
            yield record
        self.damage = blocks.damage
        self.has_data_end = blocks.has_data_end
        self.cut = "" if blocks.has_end else CUT

    def _keep(self, record: McapRecord) -> None:
        if isinstance(record, Schema):
            self.schemas.setdefault(record.id, record)
        elif isinstance(record, Channel):
            self.channels.setdefault(record.id, record)

    def _is_defined(self, message: Message) -> bool:
        """Whether topic and type are known; where they were lost, later copies in the file help out."""
        if not self._has_searched and self._undefined(message):
            self._has_searched = True
            for record in McapBlocks(self.path):
                self._keep(record)
        return not self._undefined(message)

    def _undefined(self, message: Message) -> bool:
        channel = self.channels.get(message.channel_id)
        return channel is None or (channel.schema_id != 0 and channel.schema_id not in self.schemas)

    def _decoder(self, channel: Channel, schema: Schema) -> Callable[[bytes], Any]:
        if schema.id not in self._decoders:
            if (channel.message_encoding, schema.encoding) != (MessageEncoding.CDR, SchemaEncoding.ROS2):
                raise EchoPilotError(f"{self.path}: {schema.name} in {schema.encoding} cannot be decoded")
            try:
                self._decoders[schema.id] = recorded_decoder(schema.name, schema.data.decode())
            except ValueError as error:
                raise EchoPilotError(f"{self.path}: {error}") from error
        return self._decoders[schema.id]
