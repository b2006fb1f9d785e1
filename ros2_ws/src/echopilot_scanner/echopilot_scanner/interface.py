"""The interface of everything that images come from while they are acquired."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from echopilot_core import ImagingParameters
from echopilot_perception.frames.image_placement import ImagePlacement


@dataclass(frozen=True)
class SourceImage:
    """An image as its source gives it.

    Attributes:
        stamp_ns: when it was acquired, in ROS time without simulation (the wall clock of this machine).
        steady_ns: the same moment on the monotonic clock of this machine; 0 where the source does not know it.
        pixels: (H, W) gray or (H, W, 3) RGB.
        spacing_m: size of a pixel (x, y) [m]; None where the source does not tell it.
        placement: geometry, sector and settings, where the source knows all of that.
    """

    stamp_ns: int
    steady_ns: int
    pixels: NDArray[np.uint8]
    spacing_m: tuple[float, float] | None = None
    placement: ImagePlacement | None = None


class FrameSource(Protocol):
    """A scanner, or what stands between it and us. `read` runs in one thread; `apply` and `close` come from others."""

    @property
    def name(self) -> str:
        """How messages for people call it."""
        ...

    @property
    def trouble(self) -> str:
        """Reason why no images come, as far as the source knows one; empty otherwise."""
        ...

    def open(self) -> None:
        """Begin; EchoPilotError for what waiting does not mend. A peer that is not there yet is waited for."""
        ...

    def read(self, timeout_s: float) -> SourceImage | None:
        """The next image; None when none came within `timeout_s`, or when the source was closed."""
        ...

    def apply(self, asked: ImagingParameters, timeout_s: float) -> str:
        """Ask the device for settings, where NaN, 0 for counts and empty mean "as it is"; the device's answer.

        Raises:
            EchoPilotError: it takes none, or not these; one line that says which.
        """
        ...

    def take_remarks(self) -> list[str]:
        """Lines for the log since the last call, each said once."""
        ...

    def close(self) -> None:
        """End; a `read` under way returns."""
        ...
