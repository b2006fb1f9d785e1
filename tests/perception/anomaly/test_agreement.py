"""The exam and a clip judge the same measurements alike."""

from dataclasses import replace

import numpy as np
import pytest
from anomaly_frames import aorta_clip, ventricle

from echopilot_core import CaliperPoint, FindingKind, PerceptionResult, View, se3
from echopilot_exam.measure.aorta_stations import AortaSection, aneurysm_finding, maximum_diameter, station_diameters
from echopilot_exam.measure.ejection_fraction import evaluate_heart
from echopilot_perception.anomaly import findings_of_clip


@pytest.mark.parametrize("diameter_m", [0.022, 0.0285, 0.031, 0.034, 0.056])
def test_exam_and_clip_agree_on_the_aorta(diameter_m: float) -> None:
    frames = aorta_clip([diameter_m] * 90)
    maximum = maximum_diameter(station_diameters([section(s) for s in frames]))
    assert maximum is not None
    raised = aneurysm_finding(maximum)
    found = [f for f in findings_of_clip(frames) if f.kind is FindingKind.ANEURYSM_ABDOMINAL]
    assert [raised is not None] == [bool(found)]
    if raised is not None:
        assert (found[0].text, found[0].borderline) == (raised.text, raised.borderline)
        assert found[0].probability == pytest.approx(raised.probability, abs=1e-6)


@pytest.mark.parametrize("fraction", [0.25, 0.40, 0.50, 0.65])
def test_exam_and_clip_agree_on_the_ventricle(fraction: float) -> None:
    frames = [ventricle(i, fraction) for i in range(120)]
    assert findings_of_clip(frames) == evaluate_heart(frames).findings
    assert bool(evaluate_heart(frames).findings) == (fraction < 0.55)


def section(result: PerceptionResult) -> AortaSection:
    """The frame in a straight sweep of 8 mm/s along a straight vessel."""
    T = se3.transform(np.eye(3), np.array([0.0, 0.0, 8e-3 * result.stamp_ns * 1e-9 * 4.0]))
    m = replace(
        result.measurements[0], end_points=(CaliperPoint(0.0, 0.06), CaliperPoint(0.0, 0.09)), view=View.AORTA_TRANS
    )
    return AortaSection(result.sequence, T, np.array([0.0, 0.075]), m.value, m.sigma)
