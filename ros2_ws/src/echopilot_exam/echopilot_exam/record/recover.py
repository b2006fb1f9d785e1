"""Gives a recording that was cut off its index back, so that rosbags, Foxglove and `ros2 bag` open it fast."""

import os
from pathlib import Path

from mcap.records import Attachment, Channel, Message, Metadata, Schema
from mcap.well_known import Profile
from mcap.writer import CompressionType, Writer

from echopilot_exam.record.scan import Scan


def recover(path: Path) -> tuple[int, str]:
    """Write every whole message into a new file that takes the place of `path`; returns their number and what was cut.

    A file that is whole stays as it is. Raises EchoPilotError when `path` is no MCAP file.
    """
    scan = Scan(path)
    partial = path.with_name(f".{path.name}.partial")
    count = 0
    try:
        with partial.open("wb") as file:
            writer = Writer(file, compression=CompressionType.ZSTD)
            writer.start(profile=Profile.ROS2, library="echopilot recover")
            schemas: dict[int, int] = {}
            channels: dict[int, int] = {}
            for record in scan.records():
                if isinstance(record, Schema) and record.id not in schemas:
                    schemas[record.id] = writer.register_schema(record.name, record.encoding, record.data)
                elif isinstance(record, Channel) and record.id not in channels:
                    number = writer.register_channel(
                        record.topic, record.message_encoding, schemas[record.schema_id], record.metadata
                    )
                    channels[record.id] = number
                elif isinstance(record, Message):
                    count += 1
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
            os.fsync(file.fileno())
        if scan.cut:
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return count, scan.cut
