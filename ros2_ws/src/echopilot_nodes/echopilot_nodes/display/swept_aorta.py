"""The aorta as it is swept: a ring per station, where its lumen was seen."""

import numpy as np

from echopilot_core import Array, ExamPhase, ExamStatus, PerceptionResult, SegmentationClass, se3

SIDES = 12  # of a ring
APART_M = 0.003  # between stations
MOST_RINGS = 200

_ANGLE = np.linspace(0.0, 2.0 * np.pi, SIDES, endpoint=False)
_CIRCLE = np.column_stack([np.cos(_ANGLE), np.sin(_ANGLE), np.zeros(SIDES)])


class SweptAorta:
    """Rings (SIDES, 3) [m] in `base`: circles of the lumen's area about its centroid, in the plane of the image.

    They are taken while an exam is in SWEEP; the next sweep begins anew.
    """

    def __init__(self) -> None:
        self._rings: list[Array] = []
        self._sweep: tuple[str, int, int] | None = None
        self._sweeping = False

    def note_exam(self, exam: ExamStatus) -> None:
        """Take the state of the exam."""
        self._sweeping = exam.phase is ExamPhase.SWEEP
        sweep = (exam.record_folder, exam.step_index, exam.attempt)
        if self._sweeping and sweep != self._sweep:
            self._sweep = sweep
            self._rings = []

    def add(self, result: PerceptionResult, T_base_probe: Array | None) -> bool:
        """Take what was seen from a pose (4, 4); True when a ring was added."""
        lumen = result.extent(SegmentationClass.AO_LUMEN)
        if not self._sweeping or lumen is None or T_base_probe is None or len(self._rings) >= MOST_RINGS:
            return False
        center = np.array([lumen.centroid_x_m, lumen.centroid_y_m, 0.0])
        ring_image = center + np.sqrt(max(lumen.area_m2, 0.0) / np.pi) * _CIRCLE
        ring = se3.apply(T_base_probe @ se3.T_PROBE_US_IMAGE, ring_image)
        if not np.isfinite(ring).all():
            return False
        if self._rings and np.linalg.norm(ring.mean(axis=0) - self._rings[-1].mean(axis=0)) < APART_M:
            return False
        self._rings.append(ring)
        return True

    @property
    def rings_m(self) -> Array | None:
        """Rings (N, SIDES, 3) [m] in the order of the sweep; None for fewer than two, which make no tube."""
        return np.stack(self._rings) if len(self._rings) > 1 else None
