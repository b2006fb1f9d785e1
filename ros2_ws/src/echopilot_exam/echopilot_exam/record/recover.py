"""Recovery of damaged or truncated MCAP recordings into a new file beside, with the index that other tools seek by."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mcap.records import Attachment, Message, Metadata
from mcap.well_known import Profile
from mcap.writer import CompressionType, Writer

from echopilot_exam.record.files import clear_disk_errors, free_file, place_new
from echopilot_exam.record.mcap_format import Damage
from echopilot_exam.record.mcap_scan import McapScan


@dataclass(frozen=True)
class Recovery:
    """What came of a recovery.

    `target` is the new file (None: the recording is whole and none was written), `lines` say what is damaged and which
    span is lost, `is_lossless` that no message is.
    """

    messages: int
    target: Path | None
    damage: tuple[Damage, ...]
    lines: tuple[str, ...]
    is_lossless: bool


def recover(path: Path) -> Recovery:
    """Write every readable message into a new file beside `path`, which stays as it is.

    Raises:
        EchoPilotError: when `path` is no MCAP file, or the new one cannot be written.
    """
    count, scan = _survey(path)
    if scan.is_whole:
        return Recovery(count, None, (), (), True)
    with clear_disk_errors(path.parent):
        target = _rewrite(path, scan)
    lines = [str(damage) for damage in scan.damage]
    if scan.cut:
        lines.append(f"{scan.cut}: what followed the last whole chunk is lost" if not scan.has_data_end else scan.cut)
    if scan.undefined:
        lines.append(f"{scan.undefined} messages lost: the definition of their topic is damaged")
    lossless = scan.has_data_end and not scan.undefined and all(damage.messages == 0 for damage in scan.damage)
    return Recovery(count, target, tuple(scan.damage), tuple(lines), lossless)


def _survey(path: Path) -> tuple[int, McapScan]:
    """Count the messages; afterwards the scan knows all definitions and what is damaged."""
    scan = McapScan(path)
    return sum(isinstance(record, Message) for record in scan.records()), scan


def _rewrite(path: Path, survey: McapScan) -> Path:
    partial = path.with_name(f".{path.name}.recovering")
    try:
        with partial.open("wb") as file:
            writer = Writer(file, compression=CompressionType.ZSTD)
            writer.start(profile=Profile.ROS2, library="echopilot recover")
            schemas = {0: 0} | {
                number: writer.register_schema(schema.name, schema.encoding, schema.data)
                for number, schema in sorted(survey.schemas.items())
            }
            channels = {
                number: writer.register_channel(
                    channel.topic, channel.message_encoding, schemas[channel.schema_id], channel.metadata
                )
                for number, channel in sorted(survey.channels.items())
                if channel.schema_id in schemas  # else none of its messages was readable
            }
            for record in McapScan(path).records():
                if isinstance(record, Message):
                    writer.add_message(
                        channels[record.channel_id], record.log_time, record.data, record.publish_time, record.sequence
                    )
                elif isinstance(record, Metadata):
                    writer.add_metadata(record.name, record.metadata)
                elif isinstance(record, Attachment):
                    writer.add_attachment(
                        record.create_time, record.log_time, record.name, record.media_type, record.data
                    )
            writer.finish()
            file.flush()
            os.fsync(file.fileno())
        return place_new(partial, free_file(path.with_suffix(f".recovered{path.suffix}")))
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
