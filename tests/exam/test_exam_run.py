"""No request of an operator is lost between two exam ticks."""

from pathlib import Path

from echopilot_exam.exam_run import ExamRun
from echopilot_exam.machine.states import OperatorRequest


def test_no_request_of_an_operator_is_overwritten(tmp_path: Path) -> None:
    run = ExamRun("aorta", "test", tmp_path / "record")
    for request in (OperatorRequest.STOP, OperatorRequest.RESUME):
        run.queue_request(request)
    assert [run.next_request() for _ in range(3)] == [
        OperatorRequest.STOP, OperatorRequest.RESUME, OperatorRequest.NONE,
    ]  # fmt: skip
    run.queue_request(OperatorRequest.SKIP)
    run.queue_request(OperatorRequest.ABORT)
    assert run.next_request() is OperatorRequest.ABORT
    run.close()
