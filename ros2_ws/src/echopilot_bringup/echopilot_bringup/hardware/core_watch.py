"""The process that watches one core: `python -m echopilot_bringup.hardware.core_watch CORE`.

It says on standard output whether the system granted SCHED_FIFO, and after SIGTERM, as JSON, the gaps between its
wake-ups (begin and end on the steady clock [ns]). It imports nothing of ours, so that it stays small.
"""

import gc
import json
import os
import signal
import sys
import time
from contextlib import suppress

SLEEP_S = 0.001
LEAST_NS = 10_000_000
PRIORITY = 90  # of SCHED_FIFO
GRANTED, REFUSED = "granted", "refused"


def gaps_ns(ends: list[int]) -> list[tuple[int, int]]:
    """The gaps until a signal is noted in `ends`."""
    gaps: list[tuple[int, int]] = []
    last_ns = time.monotonic_ns()
    while not ends:
        time.sleep(SLEEP_S)
        now_ns = time.monotonic_ns()
        if now_ns - last_ns > LEAST_NS:
            gaps.append((last_ns, now_ns))
        last_ns = now_ns
    return gaps


def main() -> None:
    """Watch until SIGTERM comes; a terminal's SIGINT is for whoever started this."""
    ends: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: ends.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.sched_setaffinity(0, {int(sys.argv[1])})
    answer = REFUSED
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
        answer = GRANTED
    print(answer, flush=True)
    gc.collect()
    gc.disable()
    print(json.dumps(gaps_ns(ends)))


if __name__ == "__main__":
    main()
