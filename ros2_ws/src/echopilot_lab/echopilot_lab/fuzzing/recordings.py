"""Random damages of a recording, and a check of what its recovery keeps."""

import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mcap.reader import make_reader
from rich.console import Console
from rich.progress import track

from echopilot_core import EchoPilotError
from echopilot_exam.record.mcap_scan import McapScan
from echopilot_exam.record.recover import recover

Key = tuple[str, int, bytes]
KINDS = ("bytes changed", "bits flipped", "zeros", "bytes removed", "bytes inserted", "cut", "three places")


@dataclass(frozen=True)
class Original:
    """A whole recording: its bytes, the extent of each chunk with index, and the messages in it."""

    data: bytes
    chunks: tuple[tuple[int, int, tuple[Key, ...]], ...]

    def undamaged(self, spans: list[tuple[int, int]]) -> Counter[Key]:
        """Messages of the chunks that no span [begin, end) touches."""
        kept: Counter[Key] = Counter()
        for begin, end, keys in self.chunks:
            if not any(first < end and last > begin for first, last in spans):
                kept.update(keys)
        return kept


def read_original(path: Path) -> Original:
    """Chunks and messages as the library `mcap` finds them by the index."""
    chunks = []
    with path.open("rb") as file:
        reader = make_reader(file)
        summary = reader.get_summary()
        if summary is None or not summary.chunk_indexes:
            raise EchoPilotError(f"{path} has no index; give a whole recording")
        by_time: dict[tuple[int, int], list[Key]] = {}
        indexes = sorted(summary.chunk_indexes, key=lambda index: index.chunk_start_offset)
        data = path.read_bytes()
        for index in indexes:
            begin, end = index.chunk_start_offset, index.chunk_start_offset + index.chunk_length
            keys = _messages(data[begin:end], {c.id: c.topic for c in summary.channels.values()})
            by_time.setdefault((begin, end), []).extend(keys)
            chunks.append((begin, end, tuple(keys)))
    return Original(data, tuple(chunks))


def _messages(chunk: bytes, topics: dict[int, str]) -> list[Key]:
    from io import BytesIO

    from mcap.records import Chunk, Message
    from mcap.stream_reader import ReadDataStream, breakup_chunk

    records = breakup_chunk(Chunk.read(ReadDataStream(BytesIO(chunk[9:]))), validate_crc=True)
    return [(topics[r.channel_id], r.log_time, r.data) for r in records if isinstance(r, Message)]


def damaged(data: bytes, rng: random.Random) -> tuple[str, bytes, list[tuple[int, int]]]:
    """Kind, damaged bytes, and the spans [begin, end) of `data` that were touched."""
    kind = rng.choice(KINDS)
    at, length = rng.randrange(len(data)), rng.choice((1, 10, 100, 5000))
    end = min(at + length, len(data))
    if kind == "cut":
        return kind, data[:at], [(at, len(data))]
    if kind == "bytes removed":
        return kind, data[:at] + data[end:], [(at, end)]
    if kind == "bytes inserted":
        return kind, data[:at] + rng.randbytes(length) + data[at:], [(at, at)]
    changed, spans = bytearray(data), []
    for _ in range(3 if kind == "three places" else 1):
        at = rng.randrange(len(data))
        end = min(at + length, len(data))
        if kind == "bits flipped":
            changed[at] ^= 1 << rng.randrange(8)
            end = at + 1
        else:
            changed[at:end] = bytes(end - at) if kind == "zeros" else rng.randbytes(end - at)
        spans.append((at, end))
    return kind, bytes(changed), spans


def check_recovery(original: Original, seed: int, folder: Path) -> tuple[str, list[str]]:
    """Kind of the damage, and what was wrong with its recovery (nothing, when all is well)."""
    kind, data, spans = damaged(original.data, random.Random(seed))
    path = folder / "exam.mcap"
    path.write_bytes(data)
    faults = []
    try:
        found = recover(path)
    except EchoPilotError as error:
        wanted = original.undamaged(spans)
        return kind, [f"refused ({error}) with {sum(wanted.values())} messages in it"] if wanted else []
    read = path if found.target is None else found.target
    scan = McapScan(read)
    kept = Counter((message.topic, message.stamp_ns, message.data) for message in scan)
    everything = original.undamaged([])
    if path.read_bytes() != data:
        faults.append("the original was changed")
    if lost := original.undamaged(spans) - kept:
        faults.append(f"{sum(lost.values())} messages of undamaged chunks are missing")
    if invented := kept - everything:
        faults.append(f"{sum(invented.values())} messages that never were")
    if found.is_lossless != (kept == everything):
        faults.append(f"lossless is {found.is_lossless}, {sum((everything - kept).values())} messages are missing")
    told = [damage.messages for damage in found.damage]
    missing = sum((everything - kept).values())
    is_counted = None not in told and found.lines == tuple(map(str, found.damage))
    if found.target is not None and is_counted and missing != sum(n or 0 for n in told):
        faults.append(f"{missing} messages are missing, {told} were told")
    if not scan.is_whole:
        faults.append("the recovered file is not whole")
    return kind, faults


def bench_recovery(console: Console, recording: Path, runs: int, seed: int) -> dict[str, Any]:
    """Recover `runs` random damages of a whole recording; `failed` lists those after which something was lost."""
    original = read_original(recording)
    kinds: Counter[str] = Counter()
    failed = []
    for number in track(range(seed, seed + runs), "damages", console=console):
        with TemporaryDirectory() as folder:
            kind, faults = check_recovery(original, number, Path(folder))
        kinds[kind] += 1
        if faults:
            failed.append({"seed": number, "kind": kind, "faults": faults})
            console.print(f"[red]seed {number}, {kind}:[/] {'; '.join(faults)}")
    return {
        "recording_mb": round(len(original.data) / 1e6, 1),
        "messages": sum(len(keys) for _, _, keys in original.chunks),
        "runs": runs,
        "kinds": dict(sorted(kinds.items())),
        "failed": failed,
    }
