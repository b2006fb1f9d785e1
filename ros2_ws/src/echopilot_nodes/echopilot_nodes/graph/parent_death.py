"""Processes that end with their parent, also when that is killed outright (Linux)."""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

END_WITH_PARENT = "ECHOPILOT_END_WITH_PARENT"
"""Variable that asks a node to end with the process that started it.

Its value is the file with that one's id, by which a node finds out that it came too late, or empty.
"""
PR_SET_PDEATHSIG = 1  # linux/prctl.h

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def end_with_supervisor() -> None:
    """Let SIGTERM come when the process that started this one ends or has ended, where END_WITH_PARENT asks for it."""
    file = os.environ.get(END_WITH_PARENT)
    if file is None:
        return
    parent = None
    with suppress(OSError, ValueError):
        parent = int(Path(file).read_text())
    end_with_parent(signal.SIGTERM, parent)


def end_with_parent(number: int, parent: int | None = None) -> None:
    """Let the system send this process the signal `number` when the thread that started it ends.

    Where `parent` is given and has died already, the signal comes at once. Elsewhere than on Linux nothing happens.
    """
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, number)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), number)
