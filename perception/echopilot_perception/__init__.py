"""Perception of ultrasound frames: clip readers, one network with several heads, runtimes and measurements.

`Perception` is imported on first use; importing the package alone loads the core and nothing else.
"""

from typing import TYPE_CHECKING

from echopilot_core.lazy import names_on_first_use

if TYPE_CHECKING:
    from echopilot_perception.frames.clip import Clip, open_clip
    from echopilot_perception.pipeline import Perception

__all__ = ["Clip", "Perception", "open_clip"]

__getattr__ = names_on_first_use(
    __name__,
    {
        "frames.clip": ("Clip", "open_clip"),
        "pipeline": ("Perception",),
    },
)
