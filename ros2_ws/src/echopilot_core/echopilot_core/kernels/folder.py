"""Cache folders of compiled kernels, one per module and version of its sources and compilers."""

import contextlib
import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from echopilot_core.kernels.digest import source_digest
from echopilot_core.paths import cache_folder

KEPT_PER_MODULE = 6  # versions of one module's kernels: branches and clones of one user; all modules once are 6 MB


@cache
def kernel_folder(module: str) -> Path | None:
    """Folder of the kernels of `module`, which need not exist: its name tells sources and versions that decide them.

    None where nothing can be kept: the sources changed while this process runs, or a version is not known.
    """
    digest = source_digest(module)
    if digest is None:
        return None
    try:
        decides = (digest, sys.version, *(version(name) for name in ("numba", "llvmlite", "numpy")))
    except PackageNotFoundError:
        return None
    return _root() / f"{module}-{hashlib.sha256(repr(decides).encode()).hexdigest()[:20]}"


def are_kept(modules: Iterable[str]) -> bool:
    """Whether nothing has to be compiled for `modules`: their kernels are kept, or there is no numba.

    Loads no kernel and not numba, so that a process may ask that only starts others.
    """
    if os.environ.get("ECHOPILOT_NUMBA", "1") == "0" or find_spec("numba") is None:
        return True
    folders = [kernel_folder(module) for module in modules]
    return all(folder is not None and folder.is_dir() for folder in folders)


def prune(folder: Path) -> None:
    """Delete the versions of a module's kernels that were used longest ago; `folder` holds those of the present one."""
    module = folder.name.rpartition("-")[0]
    used: list[tuple[float, Path]] = []
    for other in folder.parent.glob(f"{module}-*"):
        with contextlib.suppress(FileNotFoundError):  # another process prunes as well
            used.append((other.stat().st_mtime, other))
    for _, old in sorted(used)[:-KEPT_PER_MODULE]:
        shutil.rmtree(old, ignore_errors=True)


@cache
def _root() -> Path:
    """NUMBA_CACHE_DIR where it is set; else the user's cache, or beside the sources where there is none of his own.

    Kernels are code that runs with the user's rights, so a cache that others can write to is not taken.
    """
    if asked := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(asked).absolute() / "echopilot-kernels"
    with contextlib.suppress(OSError, RuntimeError):
        folder = cache_folder("kernels")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
        if found.st_uid == os.geteuid() and not found.st_mode & stat.S_IWOTH and os.access(folder, os.W_OK):
            return folder
    return Path(__file__).parent / "__pycache__" / "kernels"
