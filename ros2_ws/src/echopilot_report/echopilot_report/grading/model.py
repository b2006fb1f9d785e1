"""Result of grading: the class of one number by one reference set, or the reason for a refusal."""

import math
from dataclasses import dataclass

from echopilot_core import CaliperConvention, MeasurementName


@dataclass(frozen=True)
class Grade:
    """A measured number in `unit` ("mm", "%", "mL", "mL/m2", "z") with its class.

    `grade`, `follow_up` and `quantity` are codes of the text file; `source`, `trust`, `refused`, `notes` and `wording`
    are words.
    `value` is rounded to the `decimals` of the set before it is graded; it is NaN where the gate refused or a fact was
    missing for it. `convention` is that of the measurement. `border_distance` = value - border, in `unit`; both NaN
    without a border.
    """

    measurement: MeasurementName
    quantity: str
    unit: str
    convention: CaliperConvention
    reference: str
    reference_version: str
    source: str
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
