"""Plan of a running exam: the steps of the protocol, and those that are put in while it runs."""

from dataclasses import dataclass

from echopilot_core import Array
from echopilot_exam.protocol.protocol import Protocol
from echopilot_exam.protocol.step import Step, StepKind

SECOND_LOOK = "second look"


@dataclass(frozen=True)
class PlannedStep:
    """A step of the plan.

    `suspicion` is the index of the suspicion that it looks at again, None for a step of the protocol, `T_base_start`
    (4, 4) where it begins, None for the usual place; `why` says in one line where a second look goes and what for.
    """

    step: Step
    suspicion: int | None = None
    T_base_start: Array | None = None
    why: str = ""

    @property
    def label(self) -> str:
        """View and kind of the step, as the record lists it."""
        words = f"{self.step.view.name} {self.step.kind.value}"
        return words if self.suspicion is None else f"{words} {SECOND_LOOK}"


class ExamPlan:
    """Steps in order; only steps after the present one are ever put in."""

    def __init__(self, protocol: Protocol) -> None:
        self._steps = [PlannedStep(step) for step in protocol.steps]

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, index: int) -> PlannedStep:
        return self._steps[index]

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of all steps, in order."""
        return tuple(planned.label for planned in self._steps)

    def sweep_follows(self, index: int) -> bool:
        """True when the step after `index` sweeps from the view that `index` acquires."""
        step, following = self._steps[index].step, self._steps[index + 1 : index + 2]
        return step.kind is StepKind.ACQUIRE and any(
            p.step.kind is StepKind.SWEEP and p.step.view is step.view and p.T_base_start is None for p in following
        )

    def put_in(self, index: int, steps: tuple[PlannedStep, ...]) -> None:
        """Put steps after `index`, or after the sweep that goes on from its view."""
        place = index + (2 if self.sweep_follows(index) else 1)
        self._steps[place:place] = steps
