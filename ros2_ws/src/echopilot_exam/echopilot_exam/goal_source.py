"""A running exam as the source of goals of the closed loop."""

from dataclasses import dataclass

from echopilot_control.loop import Directive, Reports
from echopilot_exam.exam_run import ExamRun
from echopilot_exam.machine.states import ExamInputs, ExamOutput


@dataclass(frozen=True)
class ExamDirective(Directive):
    """A directive with inputs and output of the exam machine at its tick."""

    inputs: ExamInputs
    output: ExamOutput


class ExamGoals:
    """Steps an exam at every exam tick of the loop, as the exam node does in the graph."""

    def __init__(self, run: ExamRun) -> None:
        self._run = run

    def step(self, reports: Reports) -> ExamDirective:
        """One exam tick; the record is written before the directive is returned."""
        r = reports
        inputs, output = self._run.step(r.now_ns, r.robot, r.status, r.safety, r.results)
        return ExamDirective(output.goal, output.imaging, output.done, inputs, output)
