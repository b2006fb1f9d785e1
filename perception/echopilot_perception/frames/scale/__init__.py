"""Scale of a screen, read from what the scanner draws beside the image."""

from echopilot_perception.frames.scale.reading import ScaleReading, read_scale

__all__ = ["ScaleReading", "read_scale"]
