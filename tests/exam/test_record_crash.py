"""The record survives kill -9 and a full disk; the exam reports it in one line and ends as specified."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from disk_limits import largest_file, small_disk
from exam_world import World, make_frame

from echopilot_core import EchoPilotError
from echopilot_exam.machine.machine import ExamMachine, ExamPhase, OperatorRequest
from echopilot_exam.machine.states import TERMINAL
from echopilot_exam.protocol.protocol import load_protocol
from echopilot_exam.record import RecordHeader, RecordWriter, read_exam

CHILD = """
import sys
sys.path[:0] = {path!r}
from test_record_crash import exam_ticks
for number in exam_ticks({folder!r}):
    print(number, flush=True)
"""


def exam_ticks(folder: str) -> Iterator[int]:
    """Run an exam of the scripted world into a folder and count its ticks."""
    plan = load_protocol("full")
    world = World(ExamMachine(plan, "P"))
    writer = RecordWriter(Path(folder), plan, RecordHeader("P", plan.name, plan.sha256), clips=True)
    for number in range(1, 100_000):
        output = world.tick()
        assert world.last_inputs is not None
        for seen in world.last_inputs.results:
            writer.add_frame(make_frame(seen))
        writer.tick(world.last_inputs, output)
        yield number
        if output.done:
            return


def test_kill_9_of_the_writing_process_loses_no_tick(tmp_path: Path) -> None:
    folder = tmp_path / "record"
    code = CHILD.format(path=[str(Path(__file__).parent)], folder=str(folder))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        written = 0
        for line in child.stdout:
            written = int(line)
            if written == 260:
                break
        os.kill(child.pid, signal.SIGKILL)
    assert written == 260, "the child ended early"
    record = read_exam(folder)
    assert not record.complete and record.state not in TERMINAL
    assert len(record.trace) >= written
    assert record.clips and record.clips[0].frames
    assert record.damaged == () or all("cannot be read" in line for line in record.damaged)
    from echopilot_report.report import write_report

    assert write_report(folder).page.stat().st_size > 1000


@pytest.mark.parametrize("kind", ["largest file", "small disk"])
def test_full_disk_stops_the_recording_in_one_line_and_leaves_the_record(tmp_path: Path, kind: str) -> None:
    disk = tmp_path / "disk"
    with largest_file(100_000) if kind == "largest file" else small_disk(disk):
        ticks = exam_ticks(str(disk / "record"))
        with pytest.raises(EchoPilotError, match=r"no space left for the exam record in .*; recording stops$"):
            for _ in ticks:
                pass
        record = read_exam(disk / "record")
        assert len(record.trace) > 100 and record.header.patient_id == "P"
        assert not list((disk / "record").rglob(".*.new"))


def test_exam_goes_on_to_a_safe_end_when_the_disk_is_full(tmp_path: Path) -> None:
    """The same as exam_run does: a failed write asks for ABORT, which leaves the skin first."""
    plan = load_protocol("cardiac")
    world = World(ExamMachine(plan, "P"))
    writer = RecordWriter(tmp_path / "record", plan, RecordHeader("P", plan.name, plan.sha256))
    failures, aborted, phases = 0, False, []
    with largest_file(30_000):
        for _ in range(3000):
            world.request = OperatorRequest.ABORT if failures == 1 and not aborted else OperatorRequest.NONE
            aborted = failures == 1
            output = world.tick()
            assert world.last_inputs is not None
            try:
                writer.tick(world.last_inputs, output)
            except EchoPilotError:
                failures += 1
                assert output.state.phase not in (ExamPhase.DONE, ExamPhase.ABORTED)
            phases.append(output.state.phase)
            if output.done:
                break
    assert failures == 1 and "no space left" in writer.stopped
    assert phases[-1] is ExamPhase.ABORTED and ExamPhase.RETREAT in phases
    assert json.loads((tmp_path / "record" / "exam.json").read_bytes())["complete"] is False
