"""A frame, its result and states of an exam, for the tests of standard_topics."""

import numpy as np

from echopilot_core import (
    ClassExtent,
    ControlGoal,
    ExamPhase,
    ExamStatus,
    Frame,
    GoalKind,
    LabelMap,
    PerceptionResult,
    ProbeGeometry,
    ProbeKind,
    SectorBox,
    SegmentationClass,
    View,
    se3,
)

GEOMETRY = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.5, 0.02, 0.13, 1e-3, 1e-3, 64.0, 0.0, 2.5e6)
LUMEN_M2 = np.pi * 0.01**2
UPRIGHT = se3.transform(np.diag([1.0, -1.0, -1.0]), np.array([0.5, 0.0, 0.3]))  # the beam points down


def frame(stamp_ns: int = 5) -> Frame:
    return Frame(stamp_ns, stamp_ns, np.full((130, 128), 60, np.uint8), GEOMETRY, SectorBox(0, 0, 128, 130))


def result() -> PerceptionResult:
    labels = np.zeros((130, 128), np.uint8)
    labels[50:71, 40:61] = SegmentationClass.AO_LUMEN
    extent = ClassExtent(SegmentationClass.AO_LUMEN, LUMEN_M2, 1e-5, -0.01, 0.06)
    probability = np.full(len(View), 1.0 / len(View))
    return PerceptionResult(
        5, 5, GEOMETRY, LabelMap(labels, -0.064, 0.0, 1e-3), (extent,), probability, 1.0, np.ones(16), 0.0
    )


def exam(phase: ExamPhase, attempt: int = 1) -> ExamStatus:
    return ExamStatus(0, 0, True, phase, ControlGoal(1, GoalKind.SWEEP), record_folder="a", attempt=attempt)


def moved(along_m: float) -> np.ndarray:
    return se3.transform(np.eye(3), np.array([0.0, along_m, 0.0])) @ UPRIGHT
