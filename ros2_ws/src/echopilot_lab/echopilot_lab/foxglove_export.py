"""An exam recording with its pictures as Foxglove shows them: all that stands in it, and `bmode` with `outlines`."""

from pathlib import Path
from typing import Any

from mcap.records import Channel, Message, Schema
from mcap.writer import CompressionType, Writer
from rich.console import Console

from echopilot_core import EchoPilotError
from echopilot_exam.record.files import clear_disk_errors
from echopilot_exam.record.scan import Scan
from echopilot_lab.replay_mcap import FRAME, RESULT, Tally, pairs
from echopilot_report.page.foxglove_messages import foxglove_messages
from echopilot_report.page.picture import packed

SHOWN_EVERY = 20


def export_foxglove(recording: Path, out: Path, console: Console) -> dict[str, Any]:
    """Write `out` (MCAP); returns the figures. Raises EchoPilotError without the SDK or when `out` exists already."""
    try:
        from foxglove import messages as m
    except ImportError:
        raise EchoPilotError("the export needs foxglove-sdk: pip install 'echopilot[foxglove]'") from None
    if out.exists():
        raise EchoPilotError(f"{out} exists already; give another file with --out")
    with clear_disk_errors(out), console.status("copies") as status:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = out.with_name(f".{out.name}.part")
        try:
            with partial.open("wb") as file:
                writer = Writer(file, compression=CompressionType.ZSTD)
                writer.start(library="echopilot")
                copied, pictures = copy(Scan(recording), writer), 0
                channels = []
                for topic, kind in (("bmode", m.CompressedImage), ("outlines", m.ImageAnnotations)):
                    schema = kind.get_schema()
                    number = writer.register_schema(schema.name, schema.encoding, schema.data)
                    channels.append(writer.register_channel(topic, schema.encoding, number))
                for frame, seen in pairs(Scan(recording, (FRAME, RESULT)), Tally()):
                    messages = foxglove_messages(packed(frame, seen), frame.stamp_ns)
                    for channel, message in zip(channels, messages, strict=True):
                        writer.add_message(channel, frame.stamp_ns, message.encode(), frame.stamp_ns)
                    pictures += 1
                    if pictures % SHOWN_EVERY == 0:
                        status.update(f"{pictures} pictures")
                writer.finish()
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)
    figures = {"messages": copied, "pictures": pictures, "megabytes": round(out.stat().st_size / 1e6, 1)}
    console.print(f"{copied} messages and {pictures} pictures, {figures['megabytes']} MB -> {out}")
    return figures


def copy(scan: Scan, writer: Writer) -> int:
    """Every message with its schema and channel; returns how many."""
    schemas: dict[int, int] = {}
    channels: dict[int, int] = {}
    count = 0
    for record in scan.records():
        if isinstance(record, Schema) and record.id not in schemas:
            schemas[record.id] = writer.register_schema(record.name, record.encoding, record.data)
        elif isinstance(record, Channel) and record.id not in channels:
            number = schemas[record.schema_id]
            channels[record.id] = writer.register_channel(record.topic, record.message_encoding, number)
        elif isinstance(record, Message):
            count += 1
            writer.add_message(
                channels[record.channel_id], record.log_time, record.data, record.publish_time, record.sequence
            )
    return count
