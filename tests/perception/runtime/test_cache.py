"""The engine cache survives corrupt engines, full disks and two processes, and trusts no open folder."""

import multiprocessing
import os
import subprocess
import sys
import time
from dataclasses import fields, replace
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from echopilot_core import EchoPilotError
from echopilot_perception.runtime import cache

KEY = cache.EngineKey("onnx", "10.3.0", "12060", "Orin 8.7", "fp16", "image 1/1/8")
PLAN = bytes(range(256)) * 64


def use(folder: Path, plan: bytes = PLAN, key: cache.EngineKey = KEY) -> tuple[bytes, list[str]]:
    """What load_or_build gives, and what it said; a build says 'build'."""
    predicted: list[str] = []

    def build() -> bytes:
        predicted.append("build")
        return plan

    return cache.load_or_build(folder, key, build, lambda data: data, predicted.append), predicted


def test_a_kept_engine_is_not_built_again(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert use(folder) == (PLAN, ["build"])
    assert use(folder, b"other") == (PLAN, [])
    assert folder.stat().st_mode & 0o777 == 0o700
    assert not list(folder.glob(".engine-*"))


@pytest.mark.parametrize("field", [f.name for f in fields(cache.EngineKey)])
def test_every_ingredient_changes_the_key(tmp_path: Path, field: str) -> None:
    use(tmp_path / "c")
    other = replace(KEY, **{field: getattr(KEY, field) + "x"})
    assert use(tmp_path / "c", b"other", other) == (b"other", ["build"])
    assert use(tmp_path / "c") == (PLAN, [])


@pytest.mark.parametrize("size", [0, 5, len(cache.MAGIC), len(cache.MAGIC) + 32, -1, 10**6])
def test_a_truncated_or_longer_engine_is_built_anew(tmp_path: Path, size: int) -> None:
    use(tmp_path / "c")
    path = next((tmp_path / "c").glob("*.engine"))
    data = path.read_bytes()
    path.write_bytes(data + b"x" if size > len(data) else data[:size])
    plan, predicted = use(tmp_path / "c", b"new")
    assert plan == b"new" and "damaged" in predicted[0] and predicted[1:] == ["build"]
    assert use(tmp_path / "c") == (b"new", [])


def test_a_flipped_bit_is_noticed_wherever_it_is(tmp_path: Path) -> None:
    use(tmp_path / "c")
    path = next((tmp_path / "c").glob("*.engine"))
    data = path.read_bytes()
    for at in [*range(0, 60, 3), *range(60, len(data), 1997), len(data) - 1]:
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert use(tmp_path / "c")[1][1:] == ["build"], at


def test_a_fresh_engine_that_does_not_load_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match="does not load"):
        cache.load_or_build(tmp_path / "c", KEY, lambda: PLAN, lambda data: None, print)


def test_a_folder_that_is_not_safe_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    safe = str(cache.default_folder())
    opened, file = tmp_path / "open", tmp_path / "file"
    opened.mkdir()
    file.touch()
    for mode in (0o777, 0o1777, 0o702):
        os.chmod(opened, mode)
        with pytest.raises(EchoPilotError, match="writable by everybody") as caught:
            use(opened)
        assert safe in str(caught.value) and not list(opened.iterdir())
    with pytest.raises(EchoPilotError, match="not a folder"):
        use(file)
    os.chmod(opened, 0o755)
    monkeypatch.setattr(os, "geteuid", lambda: opened.stat().st_uid + 1)
    with pytest.raises(EchoPilotError, match="somebody else"):
        use(opened)


def test_an_engine_that_all_can_write_to_is_not_read(tmp_path: Path) -> None:
    use(tmp_path / "c")
    os.chmod(next((tmp_path / "c").glob("*.engine")), 0o666)
    plan, predicted = use(tmp_path / "c", b"new")
    assert plan == b"new" and "not ours" in predicted[0]


def test_default_folder_follows_xdg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache.default_folder() == Path("/x/echopilot/engines")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # invalid by the XDG specification
    assert cache.default_folder() == Path.home() / ".cache" / "echopilot" / "engines"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_device_is_an_os_error_of_the_writer() -> None:
    with pytest.raises(OSError, match="No space left"), open("/dev/full", "wb") as file:
        cache.write_whole(file, PLAN)


LIMITED = """
import resource, sys
from pathlib import Path
from echopilot_perception.runtime import cache
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
key = cache.EngineKey("onnx", "10.3.0", "12060", "Orin 8.7", "fp16", "image 1/1/8")
plan = cache.load_or_build(Path(sys.argv[1]), key, lambda: b"p" * 100_000, lambda data: data, print)
print("used", len(plan))
"""


def test_an_engine_that_does_not_fit_on_the_disk_is_used_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", LIMITED, str(folder)], capture_output=True, text=True, check=True)
        lines = done.stdout.splitlines()
        assert len(lines) == 2 and "not kept" in lines[0] and lines[1] == "used 100000", done
        assert [p.suffix for p in folder.iterdir()] == [".lock"]


def test_a_home_that_cannot_be_written_to_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    plan, predicted = use(tmp_path / "file" / "engines")
    assert plan == PLAN and len(predicted) == 2 and "engines are not kept" in predicted[0] and predicted[1] == "build"


def _worker(folder: str, log: str, start: Barrier) -> None:
    def build() -> bytes:
        with open(log, "a") as file:
            file.write("build\n")
        time.sleep(0.2)  # a build takes time: without the lock the other process would build meanwhile
        return PLAN

    start.wait(60)
    loaded = cache.load_or_build(Path(folder), KEY, build, lambda data: data, print)
    with open(log, "a") as file:
        file.write(f"{loaded == PLAN}\n")


def test_of_two_processes_one_builds_and_the_other_waits(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    log = tmp_path / "log"
    arguments = (str(tmp_path / "c"), str(log), context.Barrier(2))
    workers = [context.Process(target=_worker, args=arguments) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert log.read_text().split() == ["build", "True", "True"]
