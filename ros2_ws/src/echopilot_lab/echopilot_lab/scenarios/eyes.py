"""Where results of pictures come from: rendered and read by perception, or a stand-in that shows no patient."""

from typing import Protocol

import numpy as np

from echopilot_core import ClassExtent, Guidance, LabelMap, ProbeGeometry, ProbeKind, Seen, Tissue, View
from echopilot_perception.pipeline import Perception
from echopilot_sim.moment import Moment
from echopilot_sim.simulation import Simulation

_GEOMETRY = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.5, 0.02, 0.16, 5e-4, 5e-4, 160.0, 0.0, 2.5e6)
_NO_MAP = LabelMap(np.zeros((1, 1), np.uint8), 0.0, 0.0, 0.00125)
_AHEAD_M = 0.09
_SIGMA = np.array([0.001, 0.001, 0.001, 0.01, 0.01, 0.01])


class Eye(Protocol):
    """From a moment to a result."""

    def see(self, moment: Moment, view: View) -> Seen: ...

    def close(self) -> None: ...


class RenderedEye:
    """The renderer and the shipped perception."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation, self._perception = simulation, Perception()

    def see(self, moment: Moment, view: View) -> Seen:
        """Render and read."""
        return self._perception.see(self._simulation.render(moment))

    def close(self) -> None:
        """Free the model."""
        self._perception.close()


class BlindEye:
    """For force alone, without the cost of pictures: every result says that the goal's target is straight ahead."""

    def see(self, moment: Moment, view: View) -> Seen:
        """The same result for every pose and patient: no truth is in it."""
        probability = np.full(len(View), 0.005)
        probability[int(view)] = 1.0
        aorta = view is View.AORTA_TRANS
        return Seen(
            stamp_ns=moment.stamp_ns,
            sequence=moment.sequence,
            geometry=_GEOMETRY,
            label_map=_NO_MAP,
            extents=(ClassExtent(Tissue.AO_LUMEN, 3e-4, 2e-6, 0.0, _AHEAD_M),) if aorta else (),
            view_probability=probability / probability.sum(),
            quality=0.9,
            coupling=np.ones(16),
            ood_score=0.0,
            guidance=() if aorta else (Guidance(view, np.zeros(6), _SIGMA),),
        )

    def close(self) -> None:
        """Nothing to free."""
