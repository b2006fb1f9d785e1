"""Readers of clips, detection of the ultrasound sector on a screen, and resampling for the network.

Names are imported on first use, so that the network's input needs none of the libraries that read files.
"""

from typing import TYPE_CHECKING

from echopilot_core.lazy import names_on_first_use

if TYPE_CHECKING:
    from echopilot_perception.frames.clip import Clip, open_clip
    from echopilot_perception.frames.preprocess import to_network

__all__ = ["Clip", "open_clip", "to_network"]

__getattr__ = names_on_first_use(
    __name__,
    {
        "clip": ("Clip", "open_clip"),
        "preprocess": ("to_network",),
    },
)
