"""Recovery of damaged recordings: the original stays, every whole chunk is kept, what is lost is said."""

import errno
import os
import random
from pathlib import Path

import pytest
from disk_limits import largest_file
from test_record_mcap import begin, numbers, text, write

from echopilot_core import EchoPilotError, WriteError
from echopilot_exam.record import recording as recording_module
from echopilot_exam.record import recover as recover_module
from echopilot_exam.record.recording import recordings_in
from echopilot_exam.record.recover import recover


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "exam.mcap", 60)
    return tmp_path / "exam.mcap"


def overwrite(path: Path, at: int, data: bytes) -> bytes:
    """Damage a file in place; returns all of it."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)
    return path.read_bytes()


def test_ten_bad_bytes_in_the_middle_cost_one_chunk_and_its_span_is_said(tmp_path: Path) -> None:
    ends = write(tmp_path / "exam.mcap", 60)
    path = tmp_path / "exam.mcap"
    damaged = overwrite(path, (ends[2] + ends[3]) // 2, random.Random(3).randbytes(10))
    found = recover(path)
    assert path.read_bytes() == damaged
    assert found.target == tmp_path / "exam.recovered.mcap"
    kept, scan = numbers(found.target)
    assert kept == [n for n in range(60) if not 30 <= n < 40] and scan.is_whole
    assert scan.attachments == {"limits.json": b"{}"} and scan.metadata["exam"] == {"protocol": "full"}
    (damage,) = found.damage
    assert damage.messages == 10 and (damage.start_ns, damage.end_ns) == (30_000_000, 39_000_000)
    assert "10 messages lost from 0.030 s to 0.039 s" in found.lines[0] and not found.is_lossless


def test_damage_in_the_middle_is_told_from_a_cut_end(path: Path) -> None:
    data = path.read_bytes()
    overwrite(path, len(data) // 2, bytes(10))
    _, middle = numbers(path)
    assert middle.cut == "" and [damage.what for damage in middle.damage] == ["chunk"]
    path.write_bytes(data[: len(data) // 2])
    _, end = numbers(path)
    assert end.cut == "the end is missing" and [damage.what for damage in end.damage] == ["incomplete record"]


@pytest.mark.parametrize("where", ["first bytes", "definitions", "index", "footer"])
def test_nothing_is_lost_where_no_message_is_damaged(where: str, path: Path) -> None:
    data = path.read_bytes()
    places = {
        "definitions": data.index(b"zstd", data.index(b"zstd") + 4) + 30,
        "index": len(data) - 150,
        "footer": len(data) - 9,
    }
    at = places.get(where, 0)
    damaged = overwrite(path, at, bytes(4))
    found = recover(path)
    assert found.messages == 60 and found.is_lossless and found.target is not None, found.lines
    assert numbers(found.target)[0] == list(range(60)) and path.read_bytes() == damaged


def test_messages_survive_the_loss_of_the_chunk_that_defines_their_topic(tmp_path: Path) -> None:
    ends = write(tmp_path / "exam.mcap", 60)
    path = tmp_path / "exam.mcap"
    data = path.read_bytes()
    start = data.index(b"zstd")
    path.write_bytes(data[: start + 20] + bytes(40) + data[start + 60 : ends[-1]])  # and no index at the end
    assert numbers(path)[0] == list(range(10, 60))


def test_recovery_that_fails_leaves_nothing_and_says_so_in_one_line(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = overwrite(path, path.stat().st_size // 2, bytes(10))
    with largest_file(20_000), pytest.raises(WriteError, match="no space left"):
        recover(path)
    assert path.read_bytes() == damaged and [p.name for p in path.parent.iterdir()] == ["exam.mcap"]

    def fails(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(recover_module.os, "fsync", fails)
    with pytest.raises(WriteError, match="Input/output error") as error:
        recover(path)
    assert "\n" not in str(error.value)
    assert path.read_bytes() == damaged and [p.name for p in path.parent.iterdir()] == ["exam.mcap"]


def test_something_else_is_no_recording(tmp_path: Path) -> None:
    for content in (b"", b"x" * 1000, random.Random(5).randbytes(100_000)):
        (tmp_path / "other.mcap").write_bytes(content)
        with pytest.raises(EchoPilotError, match="is no MCAP file"):
            recover(tmp_path / "other.mcap")


def test_definitions_are_repeated_for_other_readers_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    highlevel = pytest.importorskip("rosbags.highlevel")
    monkeypatch.setattr(recording_module, "DEFINITIONS_S", 0.0)
    recording, channel = begin(tmp_path / "exam.mcap")
    for number in range(30):
        recording.write(channel, number, text(number))
        recording.sync()
    recording.close()
    assert (tmp_path / "exam.mcap").read_bytes().count(b"zstd") >= 30 * 3  # chunk, definitions, index
    with highlevel.AnyReader([tmp_path / "exam.mcap"]) as bag:
        assert bag.message_count == 30
    assert numbers(tmp_path / "exam.mcap")[1].is_whole


def test_recordings_of_an_exam_are_found_in_the_order_of_their_begin(tmp_path: Path) -> None:
    names = ["exam.mcap", "exam-2.mcap", "exam-10.mcap"]
    for name in (*reversed(names), "exam.recovered.mcap", "exam-x.mcap"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in recordings_in(tmp_path)] == names
