"""Cache of the set-up, shared by all clones of one user: parts of an environment by the digest of what decides them.

Standard library only. An entry is used when it is complete, the user's own and not too old; in every other case the
set-up goes its usual way.
"""

from __future__ import annotations  # an older Python has to come as far as the line that names the one it needs

import contextlib
import hashlib
import json
import os
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DAY_S = 86400.0
LONGEST_PATH = 100  # Linux cuts the first line of a script at 127 letters
SEARCHED_BYTES = 1 << 20  # larger files are not searched for paths
NOT_TEXT = {".a", ".pyc", ".so"}
FREE_GIB = 4.0  # left on the disk, or nothing is stored


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/echopilot`, by default below `~/.cache`; raises RuntimeError for a user without a home."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "echopilot"


@dataclass(frozen=True)
class CacheEntry:
    """Files of an environment under `<cache>/<kind>/<digest>`.

    Attributes:
        kind: what it is, as "messages".
        digest: hexadecimal digest of all that decides the files.
        versions: number of entries of the kind that are kept; those used longest ago are deleted.
        days: age after which the entry is made anew, so that newer libraries come in.
    """

    kind: str
    digest: str
    versions: int
    days: float = float("inf")

    def is_usable(self, prefix: Path) -> bool:
        """True when the entry is whole and can be restored into the environment `prefix`."""
        with contextlib.suppress(OSError, RuntimeError, ValueError, KeyError):
            return can_move(prefix) and self._manifest()["listing"] == listing(self._folder() / "tree")
        return False

    def restore(self, prefix: Path) -> bool:
        """Copy the entry into `prefix` and let its texts name that path; False when the entry is not usable."""
        if not self.is_usable(prefix):
            return False
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            manifest = self._manifest()
            copy("-T", self._folder() / "tree", prefix)
            for name in manifest["with_paths"]:
                text = (prefix / name).read_bytes()
                (prefix / name).write_bytes(text.replace(os.fsencode(manifest["prefix"]), os.fsencode(prefix)))
            os.utime(self._folder())
            return True
        return False

    def store(self, prefix: Path, names: Iterable[str]) -> None:
        """Store files and folders of `prefix` in one step; does nothing where there is no room or no cache."""
        with contextlib.suppress(OSError, RuntimeError, subprocess.CalledProcessError):
            folder = self._folder()
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not can_move(prefix) or shutil.disk_usage(folder.parent).free < FREE_GIB * 2**30:
                return
            part = Path(tempfile.mkdtemp(prefix=".part-", dir=folder.parent))
            try:
                (part / "tree").mkdir()
                copy("--parents", *names, part / "tree", cwd=prefix)
                self._write_manifest(part, prefix)
                if not self.is_usable(prefix):  # else another set-up was faster
                    shutil.rmtree(folder, ignore_errors=True)
                    os.rename(part, folder)
            finally:
                shutil.rmtree(part, ignore_errors=True)
            self._prune()

    def _folder(self) -> Path:
        return cache_folder() / self.kind / self.digest[:20]

    def _manifest(self) -> dict[str, Any]:
        """Raises OSError when there is none to be used, ValueError when it is damaged."""
        folder, file = self._folder(), self._folder() / "manifest.json"
        found = folder.stat()
        if found.st_uid != os.geteuid() or found.st_mode & stat.S_IWOTH:
            raise PermissionError(f"others can write to {folder}")
        if time.time() - file.stat().st_mtime > self.days * DAY_S:
            raise FileNotFoundError(f"{folder} is older than {self.days} days")
        return dict(json.loads(file.read_text()))

    def _write_manifest(self, part: Path, prefix: Path) -> None:
        tree = part / "tree"
        manifest = {
            "prefix": str(prefix),
            "with_paths": sorted(texts_with(str(prefix), tree)),
            "listing": listing(tree),
        }
        (part / "manifest.json").write_text(json.dumps(manifest, indent=1))

    def _prune(self) -> None:
        """Delete the oldest entries, and what set-ups that were killed have left."""
        by_use = sorted((path.stat().st_mtime, path) for path in self._folder().parent.iterdir())
        entries = [path for _, path in by_use if not path.name.startswith(".part-")]
        killed = [path for time_s, path in by_use if path not in entries and time.time() - time_s > DAY_S]
        for path in entries[: -self.versions] + killed:
            shutil.rmtree(path, ignore_errors=True)


def can_move(prefix: Path) -> bool:
    """True where scripts can name their interpreter in the first line, so that a replaced path keeps them working."""
    return len(str(prefix)) <= LONGEST_PATH and not any(letter.isspace() for letter in str(prefix))


def copy(*arguments: object, cwd: Path | None = None) -> None:
    """Copy with times, links and modes; without copying where the file system can share blocks."""
    command = ["cp", "-a", "--reflink=auto", *(str(a) for a in arguments)]
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Everything below `folder`, in the order of the names; links are not followed."""
    for entry in sorted(os.scandir(folder), key=lambda e: e.name):
        yield entry
        if entry.is_dir(follow_symlinks=False):
            yield from walk(Path(entry.path))


def listing(folder: Path) -> str:
    """Digest over name, kind, size and time of every file: a file that is missing, cut or written to changes it."""
    sha = hashlib.sha256()
    for entry in walk(folder):
        found = entry.stat(follow_symlinks=False)
        is_folder = stat.S_ISDIR(found.st_mode)
        facts = (found.st_mode, *(() if is_folder else (found.st_size, found.st_mtime_ns)))
        sha.update(f"{os.path.relpath(entry.path, folder)}\0{facts}\0".encode("utf-8", "surrogateescape"))
    return sha.hexdigest()


def texts_with(path: str, folder: Path) -> Iterator[str]:
    """Names of the text files below `folder` in which `path` stands."""
    for entry in walk(folder):
        is_file = entry.is_file(follow_symlinks=False) and Path(entry.name).suffix not in NOT_TEXT
        if is_file and entry.stat().st_size <= SEARCHED_BYTES:
            text = Path(entry.path).read_bytes()
            if path.encode() in text and b"\0" not in text:
                yield os.path.relpath(entry.path, folder)
