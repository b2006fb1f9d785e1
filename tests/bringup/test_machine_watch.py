"""The watch over the cores of a machine, with a watcher that is stopped in the place of a machine that stands."""

import os
import signal
import sys
import time

import pytest

from echopilot_bringup.hardware.machine_watch import MachineWatch
from echopilot_core import EchoPilotError

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux' scheduling of processes"),
]
STANDS_S = 0.05


def wait_until_stopped(pid: int) -> None:
    _, status = os.waitpid(pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)


def test_a_standstill_is_found_on_its_core_with_its_time() -> None:
    with MachineWatch() as machine:
        pid = machine.watchers[0]
        os.kill(pid, signal.SIGSTOP)
        wait_until_stopped(pid)
        stands_ns = time.monotonic_ns()
        time.sleep(STANDS_S)
        woken_ns = time.monotonic_ns()
        os.kill(pid, signal.SIGCONT)
        time.sleep(STANDS_S)
    found = [gap for gap in machine.gaps if gap.core == machine.cores[0] and gap.length_ns >= STANDS_S * 1e9]
    assert any(gap.begin_ns <= stands_ns and gap.end_ns >= woken_ns for gap in found)
    assert [gap.begin_ns for gap in machine.gaps] == sorted(gap.begin_ns for gap in machine.gaps)


def test_every_core_of_this_process_has_a_watcher_and_none_is_left() -> None:
    with MachineWatch() as machine:
        assert machine.cores == sorted(os.sched_getaffinity(0))
        assert [os.sched_getaffinity(pid) for pid in machine.watchers] == [{core} for core in machine.cores]
        policies = {os.sched_getscheduler(pid) for pid in machine.watchers}
    assert machine.granted is (policies == {os.SCHED_FIFO})
    for pid in machine.watchers:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_watcher_that_died_makes_the_gaps_unknown() -> None:
    with pytest.raises(EchoPilotError, match="gaps of this machine are not known"), MachineWatch() as machine:
        os.kill(machine.watchers[0], signal.SIGKILL)


def test_an_interpreter_that_cannot_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(EchoPilotError, match="does not start"), MachineWatch():
        pytest.fail("no watcher, and the block runs")
