"""Record of an examination that is made of clips: a step per clip, no robot, times within the clips."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from echopilot_core import ControlGoal, EchoPilotError, ExamPhase, Frame, GoalKind, Outcome, PerceptionResult, View
from echopilot_exam.clips.evaluate_clip import ClipEvaluation, evaluate_clip
from echopilot_exam.gate.acceptance_criteria import FREE
from echopilot_exam.machine.states import ExamOutput, ExamState, KeyFrame, StepResult
from echopilot_exam.measure.biplane import ApicalPlane
from echopilot_exam.protocol.protocol import Protocol
from echopilot_exam.protocol.step import Step, StepKind
from echopilot_exam.record import RecordHeader, RecordWriter

PROTOCOL = Protocol(name="clips", title="Clips", steps=(), sha256="")
MOST_FRAMES = 1200
"""Of a longer clip the record keeps the key frames alone as images: 40 s at 30 Hz."""


@dataclass(frozen=True)
class ClipFacts:
    """What is known of a clip beside its images: name, scale, frame times, and remarks of its reader."""

    name: str
    calibrated: bool
    times_known: bool
    remarks: tuple[str, ...] = ()


class ClipExam:
    """Writes the record of an examination out of clips. Raises EchoPilotError where the folder cannot be used.

    Frames of all clips are numbered one after the other: `numbered` before perception and again for `add`.
    """

    def __init__(self, folder: Path, header: RecordHeader, config: Mapping[str, bytes]) -> None:
        self._writer = RecordWriter(folder, PROTOCOL, header, config, clips=True)
        self._results: list[StepResult] = []
        self._planes: tuple[ApicalPlane, ...] = ()
        self._next_sequence = 0
        self._next_ns = 0
        self._tick = 0

    def numbered(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Frames of the next clip with the sequences and stamps that they have in this examination."""
        first_ns: int | None = None
        for k, frame in enumerate(frames):
            first_ns = frame.stamp_ns if first_ns is None else first_ns
            stamp_ns = self._next_ns + frame.stamp_ns - first_ns
            yield replace(frame, sequence=self._next_sequence + k, stamp_ns=stamp_ns)

    def add(self, facts: ClipFacts, frames: Iterable[Frame], results: Sequence[PerceptionResult]) -> ClipEvaluation:
        """Evaluate a clip and write it with its numbers.

        Args:
            facts: of the clip.
            frames: all frames, `numbered`.
            results: of perception on the same frames, in order.
        """
        found = evaluate_clip(results, facts.calibrated, facts.times_known, self._planes)
        self._planes = found.evaluation.planes
        kept = len(results) <= MOST_FRAMES
        phase = ExamPhase.RECORD if kept else ExamPhase.MEASURE
        output = self._output(phase, f"reads {facts.name}", present=found.view)
        by_sequence = {result.sequence: result for result in results}
        keep: tuple[KeyFrame, ...] = found.evaluation.keep or _middle(results)
        for frame in frames:
            result = by_sequence[frame.sequence]
            self._writer.add_frame(sector_alone(frame))
            self._tick += 1
            state = replace(output.state, stamp_ns=frame.stamp_ns, tick=self._tick, frame_sequence=frame.sequence)
            self._writer.take((result,), replace(output, state=state, keep=keep))
            keep = ()
        self._results.append(_step_result(facts, found, results, kept))
        self._next_sequence = results[-1].sequence + 1
        self._next_ns = results[-1].stamp_ns + max(results[-1].stamp_ns - results[-2].stamp_ns if results[1:] else 0, 1)
        self._tick += 1
        ended, evaluation = self._output(ExamPhase.MEASURE, self._results[-1].detail), found.evaluation
        self._writer.take(
            (),
            replace(
                ended,
                new_measurements=evaluation.measurements,
                new_findings=evaluation.findings,
                new_series=evaluation.series,
            ),
        )
        return found

    def refuse(self, name: str, why: str) -> None:
        """Note a file that could not be read."""
        detail = why if name in why else f"{name}: {why}"
        self._results.append(StepResult(View.NONE, StepKind.CLIP, Outcome.ABORTED, False, 0.0, 0.0, 0.0, -1, detail))
        self._tick += 1
        self._writer.take((), self._output(ExamPhase.MEASURE, detail))

    def finish(self) -> None:
        """Write the end; raises EchoPilotError where the disk refused the last lines."""
        self._tick += 1
        self._writer.take((), replace(self._output(ExamPhase.DONE, "all clips read"), done=True))
        self.close()
        if self._writer.stopped:
            raise EchoPilotError(self._writer.stopped)

    def close(self) -> None:
        """Close the files."""
        self._writer.close()

    def _output(self, phase: ExamPhase, message: str, present: View | None = None) -> ExamOutput:
        """Output of an exam in a phase: a step per clip so far, and one of the view `present` that is being read."""
        goal = ControlGoal(goal_id=0, kind=GoalKind.IDLE)
        views = [*(result.view for result in self._results), *([] if present is None else [present])]
        view = views[-1]
        state = ExamState(
            stamp_ns=self._next_ns,
            tick=self._tick,
            active=phase is not ExamPhase.DONE,
            phase=phase,
            step_index=len(views) - 1,
            steps_total=len(views),
            attempt=1,
            view=view,
            waiting_for="",
            progress=1.0 if phase is ExamPhase.DONE else 0.0,
            message=message,
            imaging_preset="",
            goal=goal,
            results=tuple(self._results),
            frame_sequence=-1,
            step=Step(view, StepKind.CLIP, "", 0.0, 0.0, FREE),
            labels=tuple(f"{v.name} {StepKind.CLIP.value}" for v in views),
        )
        return ExamOutput(goal, state, "")


def sector_alone(frame: Frame) -> Frame:
    """The frame without what the screen shows beside the sector: names and dates of a patient may stand there."""
    box, image = frame.sector, np.zeros_like(frame.image)
    rows, columns = slice(box.top_px, box.bottom_px), slice(box.left_px, box.right_px)
    image[rows, columns] = frame.image[rows, columns]
    return replace(frame, image=image)


def _step_result(
    facts: ClipFacts, found: ClipEvaluation, results: Sequence[PerceptionResult], kept: bool
) -> StepResult:
    passed = [v for v in found.verdicts if v.passed]
    best = max(passed, key=lambda v: v.quality, default=None)
    qualities = [r.quality for r in results]
    short = () if kept else (f"{len(results)} frames: the key frames alone are kept as images",)
    return StepResult(
        view=found.view,
        kind=StepKind.CLIP,
        outcome=Outcome.SUCCEEDED if found.verdict.passed else Outcome.NOT_FOUND,
        accepted=found.verdict.passed,
        score=found.verdict.passed_fraction,
        quality=float(np.median(qualities)),
        seconds=1e-9 * (results[-1].stamp_ns - results[0].stamp_ns),
        frame_sequence=best.sequence if best else -1,
        detail="; ".join([f"{facts.name}: {found.evaluation.detail}", *facts.remarks, *short]),
        frame_sequences=found.evaluation.frame_sequences,
    )


def _middle(results: Sequence[PerceptionResult]) -> tuple[KeyFrame, ...]:
    """The frame in the middle of a clip that gave no other key frame."""
    middle = results[len(results) // 2]
    return (KeyFrame(middle.sequence, middle.view, "middle of the clip"),)
