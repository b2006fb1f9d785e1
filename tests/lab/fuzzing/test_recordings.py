"""Random damages of a small recording: no message of an undamaged chunk is lost, no original is changed."""

import struct
from pathlib import Path

import pytest

from echopilot_exam.record.recording import Recording
from echopilot_lab.fuzzing.recordings import Original, check_recovery, read_original

RUNS, SEED = 50, 1  # `make bench` runs 500 on a recording of an exam


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    path = tmp_path_factory.mktemp("recording") / "exam.mcap"
    recording = Recording(path, {"exam": {"protocol": "full"}}, {"limits.json": b"{}" * 300})
    channels = [recording.channel(f"/words{k}", "std_msgs/msg/String", "string data") for k in range(3)]
    for number in range(300):
        data = struct.pack("<Q", number * 2654435761 % 2**32).hex().encode() * (1 + number % 40)
        recording.write(channels[number % 3], number * 1_000_000, struct.pack("<II", 1, len(data)) + data)
        if number % 10 == 9:
            recording.sync()
    recording.close()
    return read_original(path)


def test_recovery_keeps_every_undamaged_chunk_of_random_damages(original: Original, tmp_path: Path) -> None:
    print(f"seeds {SEED} to {SEED + RUNS - 1}")
    bad = {}
    for seed in range(SEED, SEED + RUNS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        kind, faults = check_recovery(original, seed, folder)
        if faults:
            bad[seed] = kind, faults
    assert bad == {}
