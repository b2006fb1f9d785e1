"""exam.mcap: opened by others, readable after kill -9 at any byte, and a full disk ends it without an exception."""

import os
import random
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from disk_limits import largest_file

from echopilot_core import EchoPilotError, ExamPhase
from echopilot_exam.record import recording as recording_module
from echopilot_exam.record.mcap_scan import McapScan
from echopilot_exam.record.recording import FrameRule, Recording
from echopilot_exam.record.recover import Recovery, recover

TYPE = "std_msgs/msg/String"
CHILD = """
import sys
sys.path[:0] = {path!r}
from test_record_mcap import endless
endless({file!r})
"""


def text(number: int) -> bytes:
    """CDR of a String that is hard to compress."""
    data = f"{number} {random.Random(number).randbytes(500).hex()}".encode() + b"\0"
    return b"\x00\x01\x00\x00" + struct.pack("<I", len(data)) + data


def begin(path: Path) -> tuple[Recording, int]:
    recording = Recording(path, {"exam": {"protocol": "full"}}, {"limits.json": b"{}"})
    return recording, recording.channel("/words", TYPE, "string data")


def endless(file: str) -> None:
    """Write until killed; every printed number is in the file."""
    recording_module.CHUNK_S = 0.0
    recording, channel = begin(Path(file))
    for number in range(1_000_000):
        recording.write(channel, number * 1_000_000, text(number))
        print(number, flush=True)


def numbers(path: Path) -> tuple[list[int], McapScan]:
    scan = McapScan(path)
    return [int(message.decoded.data.split()[0]) for message in scan], scan


def write(path: Path, count: int = 60) -> list[int]:
    """A whole file of several chunks; returns the offsets at which a chunk was complete."""
    recording, channel = begin(path)
    ends = []
    for number in range(count):
        recording.write(channel, number * 1_000_000, text(number))
        if number % 10 == 9:
            recording.sync()
            ends.append(recording.size)
    recording.close()
    return ends


def test_others_open_it_and_find_what_the_exam_ran_with(tmp_path: Path) -> None:
    highlevel = pytest.importorskip("rosbags.highlevel")
    write(tmp_path / "exam.mcap")
    with highlevel.AnyReader([tmp_path / "exam.mcap"]) as bag:
        read = [bag.deserialize(raw, c.msgtype).data for c, _, raw in bag.messages()]
    assert [int(line.split()[0]) for line in read] == list(range(60))
    read_numbers, scan = numbers(tmp_path / "exam.mcap")
    assert read_numbers == list(range(60)) and scan.cut == ""
    assert scan.metadata["exam"] == {"protocol": "full"} and scan.attachments == {"limits.json": b"{}"}


def test_cut_anywhere_it_keeps_every_whole_chunk_and_can_be_recovered(tmp_path: Path) -> None:
    highlevel = pytest.importorskip("rosbags.highlevel")
    path, cut_path = tmp_path / "whole.mcap", tmp_path / "cut.mcap"
    ends = write(path)
    data = path.read_bytes()
    rng = random.Random(11)
    for cut in [ends[0], ends[2] + 1, *rng.sample(range(ends[0], len(data) - 8), 25)]:
        cut_path.write_bytes(data[:cut])
        read, scan = numbers(cut_path)
        whole_chunks = sum(end <= cut for end in ends)
        assert read == list(range(10 * whole_chunks)), f"cut at {cut}"
        assert scan.cut == "the end is missing"
    cut_path.write_bytes(data[: ends[3] + 7])
    before = cut_path.read_bytes()
    found = recover(cut_path)
    assert found.target == tmp_path / "cut.recovered.mcap" and cut_path.read_bytes() == before
    assert found.messages == 40 and not found.is_lossless and "the end is missing" in found.lines[-1]
    with highlevel.AnyReader([found.target]) as bag:
        assert bag.message_count == 40
    assert recover(found.target) == Recovery(40, None, (), (), True)
    assert recover(cut_path).target == tmp_path / "cut.recovered-2.mcap"
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "cut.mcap", "cut.recovered-2.mcap", "cut.recovered.mcap", "whole.mcap",
    ]  # fmt: skip


def test_kill_9_loses_nothing_that_was_synced(tmp_path: Path) -> None:
    path = tmp_path / "exam.mcap"
    code = CHILD.format(path=[str(Path(__file__).parent)], file=str(path))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) == 30:
                break
        os.kill(child.pid, signal.SIGKILL)
    read, _ = numbers(path)
    assert read[:31] == list(range(31)) and read == list(range(len(read)))


def test_full_disk_ends_the_file_at_its_last_whole_chunk(tmp_path: Path) -> None:
    path = tmp_path / "exam.mcap"
    with largest_file(20_000):
        recording, channel = begin(path)
        for number in range(200):
            recording.write(channel, number, text(number))
            if number % 10 == 9:
                recording.sync()
        recording.close()
    assert recording.stopped.startswith("no space left") and "\n" not in recording.stopped
    read, scan = numbers(path)
    assert read and len(read) % 10 == 0 and read == list(range(len(read)))
    assert path.stat().st_size == recording.size and scan.cut


def test_file_that_cannot_be_begun_and_foreign_files_are_one_clear_line(tmp_path: Path) -> None:
    write(tmp_path / "exam.mcap", 1)
    with pytest.raises(EchoPilotError, match="exists already"):
        begin(tmp_path / "exam.mcap")
    with pytest.raises(EchoPilotError, match="cannot be written"):
        begin(tmp_path / "nowhere" / "exam.mcap")
    for content in (b"", b"\x89PNG\r\n\x1a\n" + bytes(100), b"x" * 40):
        (tmp_path / "other.mcap").write_bytes(content)
        with pytest.raises(EchoPilotError, match="is no MCAP file"):
            numbers(tmp_path / "other.mcap")


def test_frames_are_kept_in_full_where_it_counts_and_never_beyond_the_limit() -> None:
    stamps = [round(k * 1e9 / 30) for k in range(300)]

    def kept(rule: FrameRule, phase: ExamPhase, size: int = 0) -> int:
        rule.phase = phase
        return sum(rule.wants(stamp, size) for stamp in stamps)

    assert [kept(FrameRule(), phase) for phase in (ExamPhase.SWEEP, ExamPhase.HOLD, ExamPhase.RECORD)] == [
        300,
        300,
        300,
    ]
    assert 40 <= kept(FrameRule(), ExamPhase.SEARCH) <= 51
    assert kept(FrameRule(idle_hz=0.0), ExamPhase.SEARCH) == 0
    full = FrameRule(largest_bytes=100)
    assert kept(full, ExamPhase.SWEEP, 101) == 0 and full.is_full
