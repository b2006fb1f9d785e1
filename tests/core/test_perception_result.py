"""The views that a result names."""

import numpy as np
import pytest

from echopilot_core import LabelMap, PerceptionResult, ProbeGeometry, ProbeKind, View


def result_of(probability: np.ndarray) -> PerceptionResult:
    geometry = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.5, 0.02, 0.16, 0.0005, 0.0005, 160.0, 0.0, 0.0)
    blank = LabelMap(np.zeros((4, 4), np.uint8), 0.0, 0.0, 0.01)
    return PerceptionResult(0, 0, geometry, blank, (), probability, 1.0, np.ones(16), 0.0)


@pytest.mark.parametrize("seed", range(8))
def test_the_nearest_view_is_a_standard_one_and_the_view_itself_where_that_is_one(seed: int) -> None:
    probability = np.random.default_rng(seed).dirichlet(np.ones(len(View)) * 0.3)
    result = result_of(probability)
    assert result.nearest_view != View.NONE
    if result.view != View.NONE:
        assert result.nearest_view == result.view
    probability = np.full(len(View), 0.01)
    probability[[View.NONE, View.A4C]] = 0.6, 0.3
    assert result_of(probability).view == View.NONE and result_of(probability).nearest_view == View.A4C
