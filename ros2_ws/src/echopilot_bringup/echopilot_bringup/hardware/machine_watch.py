"""Gaps in which this machine runs nothing, measured beside a graph: a process for each core, which sleeps 1 ms.

As cyclictest of the rt-tests does. A process of SCHED_FIFO goes before everything of ours: when it wakes late, the
machine stood still (a virtual one that its host left out, an interrupt of the firmware), and nothing of the graph did.
"""

import os
import signal
import subprocess
import sys
from functools import partial

from echopilot_bringup.hardware.core_watch import GRANTED
from echopilot_bringup.hardware.holds import Gap
from echopilot_core import EchoPilotError
from echopilot_core.guarded.json_input import parse_json
from echopilot_nodes.graph.parent_death import end_with_parent

MODULE = "echopilot_bringup.hardware.core_watch"


class MachineWatch:
    """Watches every core that this process may use while its block runs; `gaps` of all of them are known afterwards.

    `granted` says whether every watcher has SCHED_FIFO. Where one has not, gaps hold the time that other processes
    took, the graph's own among them, and explain nothing.
    """

    def __init__(self) -> None:
        self.cores = sorted(os.sched_getaffinity(0))
        self.gaps: list[Gap] = []
        self.granted = False
        self._watchers: list[subprocess.Popen[str]] = []

    def __enter__(self) -> "MachineWatch":
        """Start the watchers; EchoPilotError where one does not begin."""
        try:
            answers = [self._begin(core) for core in self.cores]
        except BaseException:
            self._end()
            raise
        self.granted = all(answer == GRANTED for answer in answers)
        return self

    def __exit__(self, *_: object) -> None:
        """End the watchers and take what they found; EchoPilotError where one ended before."""
        for core, told in zip(self.cores, self._end(), strict=True):
            if not told:
                raise EchoPilotError(f"the watcher of core {core} ended early: gaps of this machine are not known")
            self.gaps += [Gap(core, begin_ns, end_ns) for begin_ns, end_ns in parse_json(told, f"core {core}")]
        self.gaps.sort(key=lambda gap: gap.begin_ns)

    @property
    def watchers(self) -> list[int]:
        """Process ids of the watchers, in the order of `cores`."""
        return [watcher.pid for watcher in self._watchers]

    def _begin(self, core: int) -> str:
        watcher = subprocess.Popen(
            [sys.executable, "-m", MODULE, str(core)],
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=partial(end_with_parent, signal.SIGKILL, os.getpid()),
        )
        self._watchers.append(watcher)
        assert watcher.stdout is not None
        answer = watcher.stdout.readline().strip()
        if not answer:
            raise EchoPilotError(f"the watcher of core {core} does not start")
        return answer

    def _end(self) -> list[str]:
        for watcher in self._watchers:
            watcher.terminate()
        return [watcher.communicate()[0] for watcher in self._watchers]
