"""The demo, its supervisor or a node killed: nothing is lost, no process is left, the exit code says it."""

from pathlib import Path

import pytest

from echopilot_bringup.bench_kills import kill_one

PROTOCOL = """
title: One short look
steps:
  - {view: AORTA_TRANS, kind: acquire, preset: abdomen, force_n: 8.0, timeout_s: 14, beats: 1, gate: AORTA_TRANS}
"""
# `echopilot bench kills` has all processes and phases.
KILLS = (("demo", "approach", (-9,)), ("supervisord", "approach", (3,)), ("exam", "search", (3,)))


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("victim", "phase", "codes"), KILLS)
def test_nothing_is_lost_or_left(victim: str, phase: str, codes: tuple[int, ...], tmp_path: Path) -> None:
    protocol = tmp_path / "short.yaml"
    protocol.write_text(PROTOCOL)
    kill = kill_one(victim, phase, str(protocol), tmp_path / "out")
    assert kill.faults == () and kill.code in codes, kill
    assert kill.outcome in ("aborted", "unfinished")
