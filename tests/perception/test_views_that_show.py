"""Nothing is found or measured in a view that cannot show it."""

from dataclasses import replace

import numpy as np
import pytest

from echopilot_core import FindingKind, MeasurementName, SegmentationClass, View
from echopilot_exam.measure.static_view_measurements import STATIC_MEASUREMENTS
from echopilot_perception import grid
from echopilot_perception.anomaly.thresholds import ABOUT_THE_IMAGE, SCORES, SIZES
from echopilot_perception.heads import HeadResults
from echopilot_perception.heads.base import RegressedSize
from echopilot_perception.measure.frame import measure_frame
from echopilot_perception.views_that_show import FINDING_VIEWS, MEASUREMENT_VIEWS, NEEDS_FINDING, shows

IN_SECTION = {MeasurementName.AORTA_OUTER_AP, MeasurementName.AORTA_OUTER_AP_DIRECT}


def frame_of(view: View, likely: float) -> HeadResults:
    """An aorta in transverse section in the masks, whatever the view; the rest of the probability is of AORTA_TRANS."""
    away = np.hypot(grid.STANDARD.x_m[None, :], grid.STANDARD.y_m[:, None] - 0.07)
    probability = np.zeros((len(SegmentationClass), grid.CELLS, grid.CELLS), np.float32)
    probability[SegmentationClass.AO_LUMEN] = away < 0.016
    probability[SegmentationClass.AO_WALL] = (away >= 0.016) & (away < 0.019)
    probability[0] = 1.0 - probability.sum(axis=0)
    views = np.zeros(len(View))
    views[view] = likely
    views[View.AORTA_TRANS] += 1.0 - likely
    labels = probability.argmax(axis=0).astype(np.uint8)
    size = RegressedSize("aorta_outer_ap_m", 0.038, 0.001)
    return replace(HeadResults(), probability=probability, labels=labels, view_probability=views, sizes=(size,))


@pytest.mark.parametrize("view", list(View))
def test_an_aorta_in_the_masks_is_measured_in_its_section_alone(view: View) -> None:
    rows = measure_frame(frame_of(view, 0.6), np.zeros((grid.CELLS, grid.CELLS), bool), 3)
    assert all(shows(view, row.name) for row in rows)
    found = {row.name for row in rows}
    assert found >= IN_SECTION if view is View.AORTA_TRANS else not found & IN_SECTION


def test_every_finding_and_every_measurement_has_its_views() -> None:
    assert set(FINDING_VIEWS) == set(FindingKind) == set(SIZES) | set(SCORES)
    assert set(MEASUREMENT_VIEWS) == set(MeasurementName) and all(MEASUREMENT_VIEWS.values())
    assert not any(View.NONE in views for views in [*FINDING_VIEWS.values(), *MEASUREMENT_VIEWS.values()])
    assert {kind for kind, views in FINDING_VIEWS.items() if not views} <= ABOUT_THE_IMAGE


def test_a_finding_of_a_size_is_looked_for_where_the_size_is_shown() -> None:
    for kind, limit in SIZES.items():
        for name in limit.names:
            if name.startswith("ef_"):
                continue  # of whole beats, and of both planes
            assert set(FINDING_VIEWS[kind]) <= set(MEASUREMENT_VIEWS[name])
    for name, kind in NEEDS_FINDING.items():
        assert set(FINDING_VIEWS[kind]) == set(MEASUREMENT_VIEWS[name])


def test_the_exam_reports_nothing_from_a_view_that_does_not_show_it() -> None:
    for size in STATIC_MEASUREMENTS:
        assert all(shows(view, size.name) for view in size.views)
        assert size.finding is None or all(shows(view, size.finding) for view in size.views)
