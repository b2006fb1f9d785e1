"""Runtimes behind one small interface."""

from echopilot_perception.runtime.compare import Difference, compare
from echopilot_perception.runtime.interface import Outputs, Runtime, RuntimeMetadata
from echopilot_perception.runtime.select import NAMES, make_runtime

__all__ = ["NAMES", "Difference", "Outputs", "Runtime", "RuntimeMetadata", "compare", "make_runtime"]
