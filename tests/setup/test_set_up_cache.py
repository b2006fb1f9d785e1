"""What one clone stored serves another at another path; what is damaged, foreign, old or cannot move is not used."""

import os
import shutil
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import set_up
import set_up_cache
from set_up_cache import CacheEntry


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "echopilot" / "parts"


@pytest.fixture
def entry() -> CacheEntry:
    return CacheEntry("parts", "0123456789abcdef", versions=2)


def environment(prefix: Path) -> Path:
    """A few files of every kind, some of which name their own place."""
    (prefix / "bin").mkdir(parents=True)
    (prefix / "share" / "deep").mkdir(parents=True)
    (prefix / "bin" / "tool").write_text(f"#!/bin/sh\necho {prefix}/share\n")
    (prefix / "bin" / "tool").chmod(0o755)
    (prefix / "share" / "deep" / "same.py").write_text("A = 1\n")
    (prefix / "share" / "library.so").write_bytes(b"\0" + str(prefix).encode())
    (prefix / "share" / "link").symlink_to("library.so")
    (prefix / "left.txt").write_text("not asked for")
    return prefix


def stored(entry: CacheEntry, tmp_path: Path) -> Path:
    """Store an environment and return its place in the cache."""
    entry.store(environment(tmp_path / "first"), ["bin", "share/deep/same.py", "share/library.so", "share/link"])
    return tmp_path / "cache" / "echopilot" / "parts" / entry.digest[:20]


def test_what_was_stored_stands_at_another_path_and_names_that(entry: CacheEntry, tmp_path: Path) -> None:
    stored(entry, tmp_path)
    first, second = tmp_path / "first", tmp_path / "elsewhere" / "second"
    second.mkdir(parents=True)
    assert entry.restore(second)
    assert subprocess.check_output([second / "bin" / "tool"], text=True).strip() == f"{second}/share"
    for name in ("share/deep/same.py", "share/library.so", "share/link"):
        assert (second / name).read_bytes() == (first / name).read_bytes()
        assert (second / name).lstat().st_mtime_ns == (first / name).lstat().st_mtime_ns
    assert (second / "share" / "link").is_symlink()
    assert not (second / "left.txt").exists()


def test_a_tool_of_a_real_environment_runs_with_the_interpreter_of_the_other(entry: CacheEntry, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    venv.create(first, symlinks=True)
    (first / "bin" / "tool").write_text(f"#!{first}/bin/python\nimport sys; print(sys.prefix)\n")
    (first / "bin" / "tool").chmod(0o755)
    entry.store(first, ["bin/tool"])
    venv.create(second, symlinks=True)
    assert entry.restore(second)
    shutil.rmtree(first)
    assert subprocess.check_output([second / "bin" / "tool"], text=True).strip() == str(second)


def cut(folder: Path) -> None:
    (folder / "tree" / "share" / "library.so").write_bytes(b"")


def remove(folder: Path) -> None:
    (folder / "tree" / "share" / "deep" / "same.py").unlink()


def edit(folder: Path) -> None:
    (folder / "tree" / "share" / "deep" / "same.py").write_text("A = 2\n")


def spoil_the_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("{")


def open_to_all(folder: Path) -> None:
    folder.chmod(0o777)


def leave_half(folder: Path) -> None:
    (folder / "manifest.json").unlink()


@pytest.mark.parametrize("damage", [cut, remove, edit, spoil_the_manifest, open_to_all, leave_half])
def test_what_is_damaged_is_not_used_and_the_next_store_mends_it(damage, entry: CacheEntry, tmp_path: Path) -> None:
    damage(stored(entry, tmp_path))
    second = tmp_path / "second"
    second.mkdir()
    assert not entry.restore(second)
    assert list(second.iterdir()) == []
    entry.store(tmp_path / "first", ["bin"])
    assert entry.restore(second)


@pytest.mark.parametrize("name", ["with space", 120 * "x"])
def test_a_path_that_scripts_cannot_name_goes_the_usual_way(entry: CacheEntry, tmp_path: Path, name: str) -> None:
    stored(entry, tmp_path)
    (tmp_path / name).mkdir()
    assert not entry.restore(tmp_path / name)
    other = CacheEntry("parts", "of a path that cannot move", versions=2)
    other.store(environment(tmp_path / name / "env"), ["bin"])
    assert not other.is_usable(tmp_path / "second")


def test_an_old_entry_is_made_anew(tmp_path: Path) -> None:
    entry = CacheEntry("parts", "aged", versions=2, days=30)
    manifest = stored(entry, tmp_path) / "manifest.json"
    assert entry.is_usable(tmp_path / "second")
    month_ago_s = time.time() - 31 * set_up_cache.DAY_S
    os.utime(manifest, (month_ago_s, month_ago_s))
    assert not entry.is_usable(tmp_path / "second")


def test_entries_used_longest_ago_and_leftovers_are_deleted(cache: Path, tmp_path: Path) -> None:
    first = environment(tmp_path / "first")
    for digest in ("a", "b"):
        CacheEntry("parts", digest, versions=2).store(first, ["bin"])
    os.utime(cache / "a", (1e9, 1e9))
    os.utime(cache / "b", (2e9, 2e9))
    (cache / ".part-killed").mkdir()
    os.utime(cache / ".part-killed", (1e9, 1e9))
    (cache / ".part-at-work").mkdir()
    CacheEntry("parts", "c", versions=2).store(first, ["bin"])
    assert {path.name for path in cache.iterdir()} == {"b", "c", ".part-at-work"}


def test_set_ups_at_the_same_time_leave_one_whole_entry(entry: CacheEntry, cache: Path, tmp_path: Path) -> None:
    first = environment(tmp_path / "first")
    for number in range(300):
        (first / "share" / f"{number}.py").write_text(f"A = {number}\n")
    begin = threading.Barrier(4)

    def store() -> None:
        begin.wait()
        entry.store(first, ["bin", "share"])

    together = [threading.Thread(target=store) for _ in range(4)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert [path.name for path in cache.iterdir()] == [entry.digest[:20]]
    (tmp_path / "second").mkdir()
    assert entry.restore(tmp_path / "second")


def test_without_a_cache_nothing_is_stored_and_nothing_fails(entry: CacheEntry, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("not a folder")
    entry.store(environment(tmp_path / "first"), ["bin"])
    assert not entry.restore(tmp_path / "second")


def test_the_set_up_takes_the_environment_of_another_clone_unless_it_is_broken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def made(name: str) -> Path:
        monkeypatch.setattr(set_up, "VENV", tmp_path / name)
        set_up.make_environment(apt=False)
        tool = subprocess.check_output([tmp_path / name / "bin" / "pip", "--version"], text=True)
        assert str(tmp_path / name) in tool
        return next((tmp_path / name).glob("lib/python3*/site-packages"))

    (made("first") / "marker.py").touch()
    kept = set_up.kept_environment(apt=False)
    kept.store(set_up.VENV, set_up.movable_parts())
    shutil.rmtree(tmp_path / "first")
    assert (made("second") / "marker.py").exists()
    next((tmp_path / "cache").rglob("marker.py")).write_text("changed")
    assert not (made("third") / "marker.py").exists()
