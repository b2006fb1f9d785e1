"""Cache of built engines on disk, keyed by everything that an engine depends on.

An engine is code that runs with the user's permissions, so nothing is read from or written to a folder that others can
write to. Files appear complete or not at all.
"""

import fcntl
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from echopilot_core import EchoPilotError
from echopilot_core.paths import cache_folder

MAGIC = b"echopilot engine 1\n"
DIGEST_BYTES = hashlib.sha256().digest_size

Loaded = TypeVar("Loaded")


@dataclass(frozen=True)
class EngineKey:
    """All that an engine depends on."""

    onnx_sha256: str
    tensorrt: str
    cuda: str
    gpu: str
    precision: str
    shapes: str

    def digest(self) -> str:
        """Hexadecimal SHA-256 over every field."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def default_folder() -> Path:
    """`$XDG_CACHE_HOME/echopilot/engines`, by default below `~/.cache`."""
    return cache_folder("engines")


def load_or_build(
    folder: Path,
    key: EngineKey,
    build: Callable[[], bytes],
    load: Callable[[bytes], Loaded | None],
    say: Callable[[str], None],
) -> Loaded:
    """The engine of `key`: from the folder, or built, kept there for the next time, and loaded.

    One process builds while others wait for it. A damaged file, or one that `load` answers with None, is deleted and
    built anew. Where the engine cannot be written (full disk, read-only home) it is used all the same, with one line.
    Raises EchoPilotError for a folder that others can write to, and when a fresh engine does not load.
    """
    writable = _prepare(folder, say)
    path = folder / f"{key.digest()}.engine"
    with _lock(path.with_suffix(".lock")) if writable else _no_lock():
        plan = _read(path, say)
        loaded = load(plan) if plan is not None else None
        if loaded is not None:
            return loaded
        if plan is not None:
            say(f"engine {path.name[:12]} in {folder} does not load here: it is built anew")
            path.unlink(missing_ok=True)
        plan = build()
        if writable:
            _write(path, plan, say)
    loaded = load(plan)
    if loaded is None:
        raise EchoPilotError("the engine that was just built does not load; TensorRT's log above says why")
    return loaded


def check_folder(folder: Path) -> None:
    """Raise EchoPilotError unless the folder belongs to this user and nobody else can write to it."""
    found = folder.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise EchoPilotError(f"engine cache {folder} is not a folder; the safe one is {default_folder()}")
    if found.st_mode & stat.S_IWOTH:
        raise EchoPilotError(f"engine cache {folder} is writable by everybody; the safe one is {default_folder()}")
    if found.st_uid != os.geteuid():
        raise EchoPilotError(f"engine cache {folder} belongs to somebody else; the safe one is {default_folder()}")


def write_whole(file: BinaryIO, plan: bytes) -> None:
    """Header with the hash, plan, and down to the disk; raises OSError when it does not fit."""
    file.write(MAGIC + hashlib.sha256(plan).digest())
    file.write(plan)
    file.flush()
    os.fsync(file.fileno())


def _prepare(folder: Path, say: Callable[[str], None]) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        pass  # a file of that name: refused below
    except OSError as error:
        say(f"engine cache {folder} cannot be made ({error.strerror}): engines are not kept")
        return False
    check_folder(folder)
    return True


def _read(path: Path, say: Callable[[str], None]) -> bytes | None:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno())
            data = file.read()
    except OSError:
        return None
    plan = data[len(MAGIC) + DIGEST_BYTES :]
    trusted = mode.st_uid == os.geteuid() and not mode.st_mode & stat.S_IWOTH
    if trusted and data == MAGIC + hashlib.sha256(plan).digest() + plan:
        return plan
    say(f"engine {path.name[:12]} in {path.parent} is {'damaged' if trusted else 'not ours'}: it is built anew")
    path.unlink(missing_ok=True)
    return None


def _write(path: Path, plan: bytes, say: Callable[[str], None]) -> None:
    partial: str | None = None
    try:
        handle, partial = tempfile.mkstemp(prefix=".engine-", dir=path.parent)  # mode 0600
        with os.fdopen(handle, "wb") as file:
            write_whole(file, plan)
        os.replace(partial, path)
        _sync_folder(path.parent)
    except OSError as error:
        say(f"engine not kept in {path.parent} ({error.strerror}): the next start builds it again")
        if partial is not None:
            Path(partial).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:  # no space even for an empty file: nothing will be written either
        yield
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # the system frees it when a process dies
        yield
    finally:
        os.close(handle)


@contextmanager
def _no_lock() -> Iterator[None]:
    yield
