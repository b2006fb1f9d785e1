"""Runtimes behind one small interface."""

from echopilot_perception.runtime.compare import Comparison, Difference, Speed, compare
from echopilot_perception.runtime.interface import Outputs, Runtime, RuntimeMetadata, Timing
from echopilot_perception.runtime.precision import Precision
from echopilot_perception.runtime.select import NAMES, make_runtime, parse_choice

__all__ = [
    "NAMES",
    "Comparison",
    "Difference",
    "Outputs",
    "Precision",
    "Runtime",
    "RuntimeMetadata",
    "Speed",
    "Timing",
    "compare",
    "make_runtime",
    "parse_choice",
]
