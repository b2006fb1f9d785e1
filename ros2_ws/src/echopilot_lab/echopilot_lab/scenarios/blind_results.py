"""Results for runs of force alone: a stand-in for perception that shows no patient."""

import numpy as np

from echopilot_core import (
    ClassExtent,
    ControlGoal,
    Guidance,
    LabelMap,
    PerceptionResult,
    ProbeGeometry,
    ProbeKind,
    SegmentationClass,
    View,
)
from echopilot_sim.frame_state import FrameState

_GEOMETRY = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.5, 0.02, 0.16, 5e-4, 5e-4, 160.0, 0.0, 2.5e6)
_NO_MAP = LabelMap(np.zeros((1, 1), np.uint8), 0.0, 0.0, 0.00125)
_AHEAD_M = 0.09
_SIGMA = np.array([0.001, 0.001, 0.001, 0.01, 0.01, 0.01])


class BlindResults:
    """For force alone, without the cost of images: every result says that the goal's target is straight ahead."""

    def observe(self, frame_state: FrameState, goal: ControlGoal) -> tuple[None, PerceptionResult]:
        """The same result for every pose and patient: no truth is in it."""
        view = goal.view
        probability = np.full(len(View), 0.005)
        probability[int(view)] = 1.0
        aorta = view is View.AORTA_TRANS
        return None, PerceptionResult(
            stamp_ns=frame_state.stamp_ns,
            sequence=frame_state.sequence,
            geometry=_GEOMETRY,
            label_map=_NO_MAP,
            extents=(ClassExtent(SegmentationClass.AO_LUMEN, 3e-4, 2e-6, 0.0, _AHEAD_M),) if aorta else (),
            view_probability=probability / probability.sum(),
            quality=0.9,
            coupling=np.ones(16),
            ood_score=0.0,
            guidance=() if aorta else (Guidance(view, np.zeros(6), _SIGMA),),
        )
