"""The views that a result names."""

import numpy as np
import pytest

from echopilot_core import LabelMap, ProbeGeometry, ProbeKind, Seen, View


def seen(probability: np.ndarray) -> Seen:
    geometry = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.5, 0.02, 0.16, 0.0005, 0.0005, 160.0, 0.0, 0.0)
    blank = LabelMap(np.zeros((4, 4), np.uint8), 0.0, 0.0, 0.01)
    return Seen(0, 0, geometry, blank, (), probability, 1.0, np.ones(16), 0.0)


@pytest.mark.parametrize("seed", range(8))
def test_the_nearest_view_is_a_standard_one_and_the_view_itself_where_that_is_one(seed: int) -> None:
    probability = np.random.default_rng(seed).dirichlet(np.ones(len(View)) * 0.3)
    result = seen(probability)
    assert result.nearest_view != View.NONE
    if result.view != View.NONE:
        assert result.nearest_view == result.view
    probability = np.full(len(View), 0.01)
    probability[[View.NONE, View.A4C]] = 0.6, 0.3
    assert seen(probability).view == View.NONE and seen(probability).nearest_view == View.A4C
