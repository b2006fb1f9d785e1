"""Search for the ultrasound sector on a screen: fan or rectangle, among text, rulers, traces and buttons."""

from echopilot_perception.frames.sector.model import Sector
from echopilot_perception.frames.sector.search import find_sector

__all__ = ["Sector", "find_sector"]
