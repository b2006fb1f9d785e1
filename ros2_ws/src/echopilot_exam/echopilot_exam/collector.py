"""Gathers what a step sees: verdicts of the gate, recorded frames, tracked sections, frames worth keeping."""

from collections import deque
from collections.abc import Iterable

from echopilot_core import RobotState, Seen
from echopilot_exam.aggregate import Section
from echopilot_exam.gate import FrameVerdict, Gate, judge_frame
from echopilot_exam.poses import PoseHistory
from echopilot_exam.readings import outer_ap
from echopilot_exam.stages import Stage
from echopilot_exam.states import KeyFrame

KEEP_EVERY_NS = 450_000_000
"""A picture about every 4 mm of a sweep at 8 mm/s, so that each station has one."""
POSE_PATIENCE_NS = 500_000_000


class Collector:
    """Frames of the running step; frames of a sweep wait here until two robot poses enclose their stamp."""

    def __init__(self) -> None:
        self.latest: Seen | None = None
        self.verdicts: list[FrameVerdict] = []
        self.recorded: list[Seen] = []
        self.sections: list[Section] = []
        self.keep: list[KeyFrame] = []
        self._poses = PoseHistory()
        self._waiting: deque[Seen] = deque(maxlen=120)
        self._kept_at_ns = 0

    def forget(self) -> None:
        """Start afresh for a step or an attempt; the newest frame and the poses stay."""
        self.verdicts, self.recorded, self.sections = [], [], []
        self._waiting.clear()
        self._kept_at_ns = 0

    def absorb(self, robot: RobotState, frames: Iterable[Seen], now_ns: int, stage: Stage, gate: Gate) -> None:
        """Take a tick's pose and results; old, repeated and future frames are left out."""
        self.keep = []
        self._poses.add(robot)
        for seen in frames:
            if seen.stamp_ns > now_ns or (self.latest is not None and seen.sequence <= self.latest.sequence):
                continue
            self.latest = seen
            if stage not in (Stage.ACQUIRE, Stage.RECORD, Stage.SWEEP):
                continue
            verdict = judge_frame(seen, gate)
            self.verdicts.append(verdict)
            if stage is Stage.RECORD:
                self.recorded.append(seen)
            elif stage is Stage.SWEEP and verdict.passed:
                self._waiting.append(seen)
        self._place(now_ns)

    def _place(self, now_ns: int) -> None:
        while self._waiting:
            seen = self._waiting[0]
            T_base_image = self._poses.image_pose(seen.stamp_ns)
            if T_base_image is None and seen.stamp_ns > now_ns - POSE_PATIENCE_NS:
                return
            self._waiting.popleft()
            reading = outer_ap(seen)
            if T_base_image is None or reading is None:
                continue
            self.sections.append(
                Section(
                    sequence=seen.sequence,
                    T_base_image=T_base_image,
                    centroid_m=reading.centroid_m,
                    outer_ap_m=reading.diameter_m,
                    sigma_m=reading.sigma_m,
                    end_points=reading.end_points,
                )
            )
            if seen.stamp_ns - self._kept_at_ns >= KEEP_EVERY_NS:
                self._kept_at_ns = seen.stamp_ns
                self.keep.append(KeyFrame(seen.sequence, seen.view, "along the sweep"))
