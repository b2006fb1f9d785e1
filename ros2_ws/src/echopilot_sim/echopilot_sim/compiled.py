"""The only place that imports numba: compiled kernels where it is there, plain Python or array twins where it is not.

Set the environment variable ECHOPILOT_NUMBA=0 to do without numba although it is installed.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from echopilot_core import EchoPilotError

try:
    if os.environ.get("ECHOPILOT_NUMBA", "1") == "0":
        raise ImportError("switched off by ECHOPILOT_NUMBA=0")
    import numba
except ImportError:
    numba = None

COMPILED: bool = numba is not None
_KEPT_CACHES = 3


def _cache_by_content() -> None:
    """Keep compiled kernels under the digest of all sources of this package.

    numba compiles a kernel anew when its own file changes, but not when a kernel that it calls in another file does.
    """
    root = Path(__file__).parent
    sha = hashlib.sha256()
    for source in sorted(root.rglob("*.py")):
        sha.update(source.read_bytes())
    folder = root / "__pycache__" / f"kernels-{sha.hexdigest()[:16]}"
    numba.config.CACHE_DIR = str(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        others = sorted(folder.parent.glob("kernels-*"), key=lambda other: other.stat().st_mtime)
    except OSError:  # a package that cannot be written to: numba finds another place
        return
    for old in others[:-_KEPT_CACHES]:
        shutil.rmtree(old, ignore_errors=True)


if numba is not None and not os.environ.get("NUMBA_CACHE_DIR"):
    _cache_by_content()


def njit(*function: Callable[..., Any], **options: Any) -> Any:
    """numba's `njit`, or a decorator that leaves the function as it is; `py_func` is the plain function either way."""
    if numba is not None:
        return numba.njit(*function, **options)
    return _as_it_is(*function) if function else _as_it_is


def njit_or(twin: Callable[..., Any], **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator of a kernel: the kernel compiled by numba, or `twin`, which does the same with array calls."""
    return njit(**options) if numba is not None else lambda kernel: twin


def need_numba(what: str) -> None:
    """Raise EchoPilotError in one line where `what` is asked for without numba."""
    if numba is None:
        raise EchoPilotError(
            f"{what} needs numba, which is absent or switched off by ECHOPILOT_NUMBA=0; run pip install numba,"
            " or take a VoxelBody that was sampled elsewhere (echopilot_sim.voxel_body.load)"
        )


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    function.py_func = function  # type: ignore[attr-defined]
    return function
