"""A kill ends a command as Ctrl-C does."""

import os
import signal

import pytest

from echopilot_lab.util.parallel import unwound_by_signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_kill_unwinds_like_ctrl_c(number: signal.Signals, request: pytest.FixtureRequest) -> None:
    inherited = signal.signal(number, signal.SIG_DFL)  # nohup and some runners ignore SIGHUP
    request.addfinalizer(lambda: signal.signal(number, inherited))
    before = signal.getsignal(number)
    cleaned = []
    with pytest.raises(SystemExit) as ended, unwound_by_signals():
        try:
            os.kill(os.getpid(), number)
            signal.pause()
        finally:
            cleaned.append(True)
    assert cleaned
    assert ended.value.code == 128 + number
    assert signal.getsignal(number) == before
