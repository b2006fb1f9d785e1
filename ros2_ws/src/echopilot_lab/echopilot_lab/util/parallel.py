"""Independent pieces of work in parallel processes, with a progress bar; the workers end with their parent."""

import multiprocessing as mp
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait as wait_for
from types import FrameType
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from echopilot_core import EchoPilotError


@contextmanager
def unwound_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the block as Ctrl-C does, so that what it started ends with it."""

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    ours = threading.current_thread() is threading.main_thread()
    handled = [s for s in (signal.SIGTERM, signal.SIGHUP) if ours and signal.getsignal(s) is not signal.SIG_IGN]
    before = {s: signal.signal(s, leave) for s in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


Piece = TypeVar("Piece")
Result = TypeVar("Result")

SLOWEST_PIECES_S = 3600.0  # the time left is estimated over as long: pieces may take minutes


def run_all(
    work: Callable[[Piece], Result], pieces: Sequence[Piece], processes: int, console: Console, title: str
) -> list[Result]:
    """Call `work` (importable, as its pieces picklable) on every piece; results in the order of the pieces.

    Ctrl-C, a kill or a hang-up ends the workers; they end by themselves when we are killed outright. Raises the first
    error of a worker, and EchoPilotError when one dies.
    """
    if not pieces:
        return []
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the workers share the cores already
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with (
        ProcessPoolExecutor(min(processes, len(pieces)), mp.get_context("spawn"), begin_worker) as pool,
        Progress(*columns, console=console, speed_estimate_period=SLOWEST_PIECES_S) as progress,
        unwound_by_signals(),
    ):
        task = progress.add_task(title, total=len(pieces))
        futures = [pool.submit(work, piece) for piece in pieces]
        for future in futures:
            future.add_done_callback(lambda _: progress.advance(task))
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
        except BaseException as error:
            workers = list((pool._processes or {}).values())  # forgotten by shutdown
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in workers:
                worker.terminate()
            if isinstance(error, BrokenProcessPool):
                raise EchoPilotError(f"a process of {title} died, perhaps for lack of memory; try --jobs 1") from error
            raise
    return [future.result() for future in futures]


def begin_worker() -> None:
    """Leave Ctrl-C to the parent, and end when the parent is gone."""
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    parent = mp.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)
