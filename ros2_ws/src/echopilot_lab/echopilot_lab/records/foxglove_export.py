"""An exam recording with its images as Foxglove shows them: all that stands in it, and `bmode` with `outlines`."""

from pathlib import Path
from typing import Any

from mcap.records import Message
from mcap.writer import CompressionType, Writer
from rich.console import Console

from echopilot_core import EchoPilotError
from echopilot_exam.record.files import clear_disk_errors, place_new
from echopilot_exam.record.mcap_scan import McapScan
from echopilot_lab.replay.recording import FRAME, RESULT, Tally, pairs
from echopilot_report.page.live.foxglove_messages import foxglove_messages
from echopilot_report.page.live.image import packed

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
                copied, images = copy(McapScan(recording), writer), 0
                channels = []
                for topic, kind in (("bmode", m.CompressedImage), ("outlines", m.ImageAnnotations)):
                    schema = kind.get_schema()
                    number = writer.register_schema(schema.name, schema.encoding, schema.data)
                    channels.append(writer.register_channel(topic, schema.encoding, number))
                for frame, result in pairs(McapScan(recording, (FRAME, RESULT)), Tally()):
                    messages = foxglove_messages(packed(frame, result), frame.stamp_ns)
                    for channel, message in zip(channels, messages, strict=True):
                        writer.add_message(channel, frame.stamp_ns, message.encode(), frame.stamp_ns)
                    images += 1
                    if images % SHOWN_EVERY == 0:
                        status.update(f"{images} images")
                writer.finish()
            out = place_new(partial, out)
        finally:
            partial.unlink(missing_ok=True)
    figures = {"messages": copied, "pictures": images, "megabytes": round(out.stat().st_size / 1e6, 1)}
    console.print(f"{copied} messages and {images} images, {figures['megabytes']} MB -> {out}")
    return figures


def copy(scan: McapScan, writer: Writer) -> int:
    """Every message with its schema and channel; returns how many."""
    schemas: dict[int, int] = {}
    channels: dict[int, int] = {}
    count = 0
    for record in scan.records():
        if not isinstance(record, Message):
            continue
        if record.channel_id not in channels:
            channel = scan.channels[record.channel_id]
            if channel.schema_id and channel.schema_id not in schemas:
                schema = scan.schemas[channel.schema_id]
                schemas[schema.id] = writer.register_schema(schema.name, schema.encoding, schema.data)
            number = schemas.get(channel.schema_id, 0)
            channels[channel.id] = writer.register_channel(channel.topic, channel.message_encoding, number)
        count += 1
        writer.add_message(
            channels[record.channel_id], record.log_time, record.data, record.publish_time, record.sequence
        )
    return count
