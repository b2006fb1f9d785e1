"""Where the views of a trial start: a seeded draw around the prior that the controller would have chosen."""

import math
from dataclasses import dataclass

import numpy as np

from echopilot_control.search.priors import StartOffset
from echopilot_core import ControlGoal, EchoPilotError, GoalKind, View

AORTA_MM = 15.0  # the vessel is 20 mm wide: farther off, the search would begin beside another organ
FARTHEST_MM, FARTHEST_DEG = 60.0, 45.0


@dataclass(frozen=True)
class Starts:
    """Spread of the starts: uniform in a disc of `mm` along the skin; about a uniform axis by up to `deg`, uniform.

    Attempts at the same view of the same patient start from the same place. Raises EchoPilotError beyond 60 mm or 45
    degrees, where starts would leave the window or the skin.
    """

    mm: float = 30.0
    deg: float = 20.0

    def __post_init__(self) -> None:
        """Check the spread."""
        if not (0.0 <= self.mm <= FARTHEST_MM and 0.0 <= self.deg <= FARTHEST_DEG):
            raise EchoPilotError(
                f"starts {self.mm:g} mm and {self.deg:g} deg off are impossible; "
                f"choose 0 to {FARTHEST_MM:g} mm and 0 to {FARTHEST_DEG:g} deg"
            )

    def draw(self, seed: int, view: View) -> StartOffset:
        """The start of a view of patient `seed`."""
        rng = np.random.default_rng((seed, int(view)))
        azimuth, radius, angle = rng.uniform(0.0, 2.0 * math.pi), math.sqrt(rng.uniform()), rng.uniform()
        axis = rng.standard_normal(3)
        mm, deg = self.mm, self.deg
        if view is View.AORTA_TRANS:  # the direction of its beam comes from gravity and the landmarks alone
            mm, deg = min(mm, AORTA_MM), 0.0
        return StartOffset(
            1e-3 * mm * radius * np.array([math.cos(azimuth), math.sin(azimuth)]),
            math.radians(deg) * angle * axis / float(np.linalg.norm(axis)),
        )

    def of(self, seed: int, goal: ControlGoal) -> StartOffset | None:
        """The offset of a goal; None for goals that look for no view, and without a spread."""
        if goal.kind is not GoalKind.ACQUIRE_VIEW or not (self.mm or self.deg):
            return None
        return self.draw(seed, goal.view)


USUAL = Starts()
