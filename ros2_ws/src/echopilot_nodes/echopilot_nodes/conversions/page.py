"""ExamState to what the operator's page shows of it."""

from echopilot_msgs.msg import ExamState as ExamStateMsg

from echopilot_core import Outcome, View
from echopilot_report.page.live import DoneStep, ExamNow


def from_exam_state(m: ExamStateMsg) -> ExamNow:
    """Message to the exam at its newest tick; ValueError for an unknown view or outcome."""
    return ExamNow(
        active=m.active,
        state=m.state,
        step_index=m.step_index,
        steps_total=m.steps_total,
        view=View(m.view),
        waiting_for=m.waiting_for,
        progress=m.progress,
        message=m.message,
        results=tuple(
            DoneStep(View(r.view), Outcome(r.outcome), r.score, r.seconds, r.frame_sequence, r.detail)
            for r in m.results
        ),
    )
