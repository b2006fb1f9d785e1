"""Persistence: recursive averaging of displayed frames, which reduces noise and the flicker of blood.

A stage of its own behind the renderer, because it remembers; the renderer stays a pure function of the frame state.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, Frame, ProbeGeometry


class Persistence:
    """Recursive average of consecutive frames of the same geometry; begins anew whenever the geometry changes."""

    def __init__(self) -> None:
        self._mean: NDArray[np.float32] | None = None
        self._geometry: ProbeGeometry | None = None

    def show(self, frame: Frame, weight: float) -> Frame:
        """The frame as displayed: `weight` of the last displayed image, 1 - `weight` of this one.

        Raises EchoPilotError for a weight outside 0 to 0.9.
        """
        if not 0.0 <= weight <= 0.9:
            raise EchoPilotError(f"persistence {weight} is impossible; choose 0 to 0.9")
        if self._mean is None or weight == 0.0 or frame.geometry != self._geometry:
            self._mean, self._geometry = frame.image.astype(np.float32), frame.geometry
            return frame
        cv2.accumulateWeighted(frame.image, self._mean, 1.0 - weight)
        return replace(frame, image=np.rint(self._mean).astype(np.uint8))
