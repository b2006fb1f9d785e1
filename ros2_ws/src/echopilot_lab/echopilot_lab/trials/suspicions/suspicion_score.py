"""Score of one suspicion: its outcome beside what is true of the patient, and its size before and after."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class SuspicionScore:
    """A suspicion as the exam left it, and the truth that only the scores know.

    `true` says whether the patient has it, None where that is not known; `borderline`: the true size lies in the zone
    around the finding's limit. `right` is None for an open one, and where the truth is not known. Sizes are those of
    the first look and of all looks in its view together, each beside the true size under the same indentation; NaN for
    a finding without a size, or where no second look gave a number.
    """

    kind: str
    outcome: str
    reason: str
    true: bool | None
    borderline: bool
    right: bool | None
    looks: int
    before_mm: float = math.nan
    after_mm: float = math.nan
    true_before_mm: float = math.nan
    true_after_mm: float = math.nan
    error_before_mm: float = math.nan
    error_after_mm: float = math.nan
