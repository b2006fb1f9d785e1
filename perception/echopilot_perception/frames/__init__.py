"""Reading clips, finding the sector on a foreign screen, and pre-processing for the network."""

from echopilot_perception.frames.clip import Clip, open_clip
from echopilot_perception.frames.preprocess import to_network

__all__ = ["Clip", "open_clip", "to_network"]
