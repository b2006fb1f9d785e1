"""Helpers of this folder are importable, and every test draws the same random numbers each time."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def _same_numbers() -> None:
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
