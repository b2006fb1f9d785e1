"""Two exams of one seed give the same record, though nodes of the second stand still for longer than any patience."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from echopilot_msgs.action import RunExam
from std_msgs.msg import String

from echopilot_nodes.graph import qos, topics

PROTOCOL = """
title: One short look
steps:
  - {view: AORTA_TRANS, kind: acquire, preset: abdomen, force_n: 8.0, timeout_s: 8, beats: 1, gate: AORTA_TRANS}
"""
FULL = os.environ.get("ECHOPILOT_SAME_NUMBERS", "")  # `make bench`: a protocol by name, such as aorta
STOPPED = ("perception", "controller", "safety", "exam", "simulator")
STOP_S, BETWEEN_S = 1.2, 1.5  # longer than the patience with a peer without a bond
OF_WALL_TIME = {"latency_s", "latency", "created", "started", "started_utc", "code_sha256"}
FILES = ("exam.json", "seen.jsonl", "control.jsonl", "events.jsonl")


@contextmanager
def disturbed(graph: Any) -> Iterator[None]:
    """A busy core, and each node in turn standing still."""
    ended = threading.Event()
    hog = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    order = random.Random(1)

    def disturb() -> None:
        while not ended.wait(BETWEEN_S):
            process = graph.processes[order.choice(STOPPED)]
            process.send_signal(signal.SIGSTOP)
            ended.wait(STOP_S)
            process.send_signal(signal.SIGCONT)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        hog.kill()
        hog.wait()


def run(graph: Any, model: Path | None, protocol: str, folder: Path) -> dict[str, Any]:
    """Every field of the exam's record and of its scores, by file and line."""
    graph.start("scorer")
    graph.start_exam_graph(model, patience_s=0.5)
    summaries = graph.listen(String, topics.EXAM_SUMMARY, qos.LATCHED, lambda m: m.data)
    handle = graph.action(
        RunExam,
        topics.EXAM_RUN,
        RunExam.Goal(protocol=protocol, patient_pseudonym="test", out_folder=str(folder)),
    )
    assert handle.accepted
    if folder.name == "second":
        with disturbed(graph):
            graph.wait(handle.get_result_async().done, 3000.0 if FULL else 400.0, "the end of the exam")
    else:
        graph.wait(handle.get_result_async().done, 3000.0 if FULL else 400.0, "the end of the exam")
    graph.wait(lambda: bool(summaries), 60.0, "scores")
    graph.close()
    fields: dict[str, Any] = {"summary.json": json.loads((folder / "summary.json").read_text())}
    for name in FILES:
        lines = (folder / name).read_text().splitlines() if name.endswith("l") else [(folder / name).read_text()]
        fields |= {f"{name}:{k}": json.loads(line) for k, line in enumerate(lines)}
    return fields


def differences(a: Any, b: Any, path: str = "") -> list[str]:
    """Fields that differ, but for those of wall time."""
    if isinstance(a, dict) and isinstance(b, dict):
        keys = [key for key in a.keys() | b.keys() if key not in OF_WALL_TIME]
        return [line for key in sorted(keys) for line in differences(a.get(key), b.get(key), f"{path}.{key}")]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        pairs = enumerate(zip(a, b, strict=True))
        return [line for k, (x, y) in pairs for line in differences(x, y, f"{path}[{k}]")]
    return [] if a == b else [f"{path}: {str(a)[:80]} against {str(b)[:80]}"]


@pytest.mark.timeout(7000 if FULL else 900)
def test_a_machine_that_stands_still_gives_the_same_numbers(
    make_graph: Callable[..., Any], model: Path | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    protocol = FULL
    if not FULL:
        (tmp_path / "short.yaml").write_text(PROTOCOL)
        protocol = str(tmp_path / "short.yaml")
    first = run(make_graph(), model, protocol, tmp_path / "first")
    second = run(make_graph(), model, protocol, tmp_path / "second")
    for fields in (first, second):
        assert fields["summary.json"]["lockstep"] == {"breaks": 0, "by_node": {}}
    found = differences(first, second)
    assert not found, f"{len(found)} fields differ: " + "; ".join(found[:10])
    with capsys.disabled():
        print(f"\n{len(first)} lines of the record are equal", end="")
