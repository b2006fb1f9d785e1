"""Frames of the running step: gate verdicts, recorded frames, tracked sections of a sweep, and their evaluation."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from echopilot_core import Array, ExamPhase, PerceptionResult, RobotState, View, se3
from echopilot_core.timing.pose_history import MAX_GAP_S, PoseHistory
from echopilot_exam.gate.gate import AcceptanceGate, FrameVerdict, ViewVerdict, evaluate_frame, evaluate_view
from echopilot_exam.machine.states import KeyFrame
from echopilot_exam.measure.aorta_stations import AortaSection
from echopilot_exam.measure.biplane import ApicalPlane
from echopilot_exam.measure.evaluate import Evaluation, evaluate_recording, evaluate_sweep
from echopilot_exam.measure.frame_measurements import outer_ap

KEEP_EVERY_NS = 450_000_000
"""An image about every 4 mm of a sweep at 8 mm/s, so that each station has one."""
POSE_PATIENCE_NS = 500_000_000
HISTORY_S = 2.0

_NOTHING = Evaluation("")
_EVALUATED = frozenset({ExamPhase.SEARCH, ExamPhase.RECORD, ExamPhase.SWEEP})


class StepRecorder:
    """Collects the frames of a step and measures them.

    Frames of a sweep wait until two robot poses enclose their stamp. `evaluation` and `key_frames` are those of the
    present tick; the apical planes of earlier steps are kept for the biplane ejection fraction.
    """

    def __init__(self) -> None:
        self.latest: PerceptionResult | None = None
        self.verdicts: list[FrameVerdict] = []
        self.recorded: list[PerceptionResult] = []
        self.sections: list[AortaSection] = []
        self.key_frames: list[KeyFrame] = []
        self.evaluation = _NOTHING
        self._planes: tuple[ApicalPlane, ...] = ()
        self._poses = PoseHistory(HISTORY_S, MAX_GAP_S)
        self._T_base_probe: Array | None = None
        self._waiting: deque[PerceptionResult] = deque(maxlen=120)
        self._kept_at_ns = 0

    @property
    def T_base_probe(self) -> Array | None:  # noqa: N802
        """Probe pose (4, 4) at the newest tick; None before the first."""
        return self._T_base_probe

    def reset(self) -> None:
        """Start afresh for a step or an attempt; the newest frame, the poses and the apical planes stay."""
        self.verdicts, self.recorded, self.sections = [], [], []
        self._waiting.clear()
        self._kept_at_ns = 0

    def update(
        self,
        robot: RobotState,
        results: Iterable[PerceptionResult],
        now_ns: int,
        state: ExamPhase,
        gate: AcceptanceGate,
    ) -> None:
        """Take a tick's pose and perception results; old, repeated and future frames are left out.

        Args:
            robot: state at this tick.
            results: perception results since the last tick, oldest first.
            now_ns: time of the tick.
            state: of the exam machine; decides whether frames are evaluated, recorded or tracked.
            gate: of the present step.
        """
        self.evaluation = _NOTHING
        self.key_frames = []
        self._poses.add(robot.stamp_ns, robot.T_base_probe)
        self._T_base_probe = robot.T_base_probe
        for result in results:
            if result.stamp_ns > now_ns or (self.latest is not None and result.sequence <= self.latest.sequence):
                continue
            self.latest = result
            if state not in _EVALUATED:
                continue
            verdict = evaluate_frame(result, gate)
            self.verdicts.append(verdict)
            if state is ExamPhase.RECORD:
                self.recorded.append(result)
            elif state is ExamPhase.SWEEP and verdict.passed:
                self._waiting.append(result)
        self._track_sections(now_ns)

    def verdict(self, gate: AcceptanceGate, since_ns: int | None = None) -> ViewVerdict:
        """The gate's verdict on the frames of this step, or on those from `since_ns` on."""
        return evaluate_view([v for v in self.verdicts if since_ns is None or v.stamp_ns >= since_ns], gate)

    def evaluate_recording(self, view: View, verdict: ViewVerdict) -> Evaluation:
        """Measure the recorded view."""
        self.evaluation = evaluate_recording(view, self.recorded, self.verdicts, verdict, self._planes)
        self._planes = self.evaluation.planes
        return self.evaluation

    def evaluate_sweep(self, verdict: ViewVerdict, again: bool = False) -> Evaluation:
        """Measure the sections of the sweep.

        Numbers of a sweep over a stretch that was swept before (`again`) are for who looks again alone: they have
        stations of their own, and are not told beside those of the first sweep.
        """
        evaluation = evaluate_sweep(self.sections, verdict)
        self.evaluation = replace(evaluation, measurements=(), findings=()) if again else evaluation
        return evaluation

    def keep_latest(self, view: View, reason: str) -> None:
        """Keep the newest frame as an image."""
        if self.latest is not None:
            self.key_frames.append(KeyFrame(self.latest.sequence, view, reason))

    def _track_sections(self, now_ns: int) -> None:
        while self._waiting:
            result = self._waiting[0]
            T_base_probe = self._poses.at(result.stamp_ns)
            if T_base_probe is None and result.stamp_ns > now_ns - POSE_PATIENCE_NS:
                return
            self._waiting.popleft()
            aorta = outer_ap(result)
            if T_base_probe is None or aorta is None:
                continue
            self.sections.append(
                AortaSection(
                    sequence=result.sequence,
                    T_base_image=T_base_probe @ se3.T_PROBE_US_IMAGE,
                    centroid_m=aorta.centroid_m,
                    outer_ap_m=aorta.diameter_m,
                    sigma_m=aorta.sigma_m,
                    end_points=aorta.end_points,
                )
            )
            if result.stamp_ns - self._kept_at_ns >= KEEP_EVERY_NS:
                self._kept_at_ns = result.stamp_ns
                self.key_frames.append(KeyFrame(result.sequence, result.view, "along the sweep"))
