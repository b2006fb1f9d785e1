"""What comes out: one number sorted by one reference set, or the reason why not."""

import math
from dataclasses import dataclass

from echopilot_core import Convention


@dataclass(frozen=True)
class Reading:
    """A measured number in `unit` ("mm", "%", "mL", "mL/m2", "z") with its class.

    `grade`, `follow_up` and `quantity` are codes of the text file; `trust`, `refused`, `notes` and `wording` are words.
    `value` is rounded to the `decimals` of the set before it is sorted; it is NaN where the gate refused or a fact was
    missing for it. `convention` is that of the measurement. `border_distance` = value - border, in `unit`; both NaN
    without a border.
    """

    measurement: str
    quantity: str
    unit: str
    convention: Convention
    reference: str
    reference_version: str
    trust: str
    decimals: int
    frame_sequences: tuple[int, ...]
    value: float = math.nan
    grade: str = ""
    follow_up: str = ""
    suspected: bool = False
    borderline: bool = False
    border: float = math.nan
    border_distance: float = math.nan
    refused: str = ""
    notes: tuple[str, ...] = ()
    wording: str = ""

    @property
    def graded(self) -> bool:
        """Whether there is a class."""
        return not self.refused
