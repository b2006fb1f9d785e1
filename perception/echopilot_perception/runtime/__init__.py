"""Runtimes of exported models behind one interface."""

from echopilot_perception.runtime.compare import Comparison, Difference, Speed, compare
from echopilot_perception.runtime.interface import Outputs, Precision, Runtime, RuntimeMetadata, Timing
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
