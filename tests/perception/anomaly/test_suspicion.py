"""What one frame may say, and what it must not."""

from dataclasses import replace
from math import isfinite, nan, radians

import numpy as np
import pytest
from anomaly_frames import aorta, box, diameter, result
from hypothesis import given, settings
from hypothesis import strategies as st

from echopilot_core import Box, CaliperConvention, FindingKind, Guidance, Measurement, MeasurementName, View
from echopilot_perception.anomaly import can_show, crossing_probability, measured_finding, suspicions
from echopilot_perception.anomaly.thresholds import ABOUT_THE_IMAGE, SCORES, SIZES

BODY = set(FindingKind) - ABOUT_THE_IMAGE
ODD = st.one_of(st.floats(), st.sampled_from([nan, 0.0, 0.5, 1.0]))


def score_of(frame, kind):
    return next((s.score for s in suspicions(frame) if s.kind == kind), None)


def test_every_finding_has_a_threshold_with_a_source() -> None:
    assert set(SIZES) | set(SCORES) == set(FindingKind)
    assert all(limit.source for limit in (*SIZES.values(), *SCORES.values()))
    assert all(limit.low < limit.value < limit.high for limit in SIZES.values())
    assert all(limit.keep_at < limit.raise_at <= limit.sure_at for limit in SCORES.values())


@pytest.mark.parametrize("spoiled", [{"coupling": 0.02}, {"coupling": 0.45}, {"ood": 0.97}, {"quality": 0.1}])
def test_a_frame_that_cannot_show_the_body_does_not_suspect_it(spoiled: dict[str, float]) -> None:
    boxes = tuple(box(kind, 0.99) for kind in BODY)
    good = result(0, View.AORTA_TRANS, (diameter(0.05),), boxes)
    assert {s.kind for s in suspicions(good)} & BODY
    bad = result(0, View.AORTA_TRANS, (diameter(0.05),), boxes, **spoiled)
    assert not {s.kind for s in suspicions(bad)} & BODY
    assert not can_show(bad) & BODY


def test_contact_and_foreign_images_are_told_apart() -> None:
    lifted = result(0, View.NONE, coupling=0.02, ood=0.99)
    foreign = result(0, View.NONE, coupling=0.95, ood=0.99)
    assert score_of(lifted, FindingKind.NO_CONTACT) == pytest.approx(0.98)
    assert score_of(lifted, FindingKind.WRONG_ORGAN) is None
    assert score_of(foreign, FindingKind.WRONG_ORGAN) == pytest.approx(0.99)
    assert score_of(foreign, FindingKind.NO_CONTACT) == pytest.approx(0.05)


def test_a_measured_size_at_the_limit_is_even_odds_and_another_convention_says_nothing() -> None:
    assert score_of(aorta(0, 0.030), FindingKind.ANEURYSM_ABDOMINAL) == pytest.approx(0.5)
    inner = replace(diameter(0.05), convention=CaliperConvention.INNER_TO_INNER)
    assert suspicions(result(0, View.AORTA_TRANS, (inner,)))[0].kind is not FindingKind.ANEURYSM_ABDOMINAL
    assert score_of(result(0, View.A4C, (diameter(0.05),)), FindingKind.ANEURYSM_ABDOMINAL) is None


def test_a_measured_depth_outweighs_the_box_and_keeps_its_place() -> None:
    found = box(FindingKind.EFFUSION, 0.9)
    thin = Measurement(MeasurementName.EFFUSION_DEPTH, 0.001, "m", 0.0005, View.A4C)
    (alone,) = (s for s in suspicions(result(0, View.A4C, boxes=(found,))) if s.kind is FindingKind.EFFUSION)
    (both,) = (s for s in suspicions(result(0, View.A4C, (thin,), (found,))) if s.kind is FindingKind.EFFUSION)
    assert alone.score == 0.9 and both.score < 0.01
    assert alone.place == both.place == found


def test_a_plane_tilted_off_the_long_axis_is_foreshortened_and_a_turned_one_is_not() -> None:
    def tilted(motion: list[float]) -> float | None:
        towards = Guidance(View.A4C, np.array(motion), np.full(6, 0.03))
        return score_of(result(0, View.A4C, guidance=(towards,)), FindingKind.FORESHORTENED)

    assert tilted([0, 0, 0, radians(25.0), 0, 0]) > 0.95
    assert tilted([0, 0, 0, radians(15.0), 0, 0]) == pytest.approx(0.5, abs=1e-6)
    assert tilted([0, 0, 0, 0, radians(25.0), 0]) < 0.01  # within the plane
    assert tilted([0, 0, 0, 0, 0, radians(25.0)]) < 0.01  # about the long axis itself
    assert tilted([0, 0, 0, nan, 0, 0]) is None
    assert score_of(result(0, View.A4C), FindingKind.FORESHORTENED) is None


@settings(max_examples=150, deadline=None)
@given(
    view=st.sampled_from(View),
    value=ODD,
    sigma=ODD,
    score=ODD,
    side=ODD,
    coupling=ODD,
    ood=ODD,
    quality=ODD,
    kind=st.sampled_from([*(k.name for k in FindingKind), "nonsense"]),
)
def test_no_number_in_a_frame_raises_an_exception(
    view, value, sigma, score, side, coupling, ood, quality, kind
) -> None:
    measurements = tuple(
        Measurement(name, value, limit.unit, sigma, view, limit.convention)
        for limit in SIZES.values()
        for name in limit.names
    )
    guidance = (Guidance(View.A4C, np.full(6, value), np.full(6, sigma)),)
    boxes = (Box(kind, score, side, 0.0, 0.1, 0.1),)
    frame = result(0, view, measurements, boxes, coupling, ood, quality, guidance)
    for s in suspicions(frame):
        assert 0.0 <= s.score <= 1.0
    for limit_kind in SIZES:
        for m in measurements:
            found = measured_finding(limit_kind, m)
            assert found is None or 0.0 <= found.probability <= 1.0


def test_missing_numbers_make_a_frame_mute() -> None:
    good = aorta(0, 0.05)
    for broken in (
        replace(good, coupling=np.zeros(0)),
        replace(good, coupling=np.full(16, nan)),
        replace(good, ood_score=nan),
        replace(good, quality=nan),
        replace(good, view_probability=np.full(len(View), nan)),
        replace(good, view_probability=np.zeros(0)),
    ):
        assert suspicions(broken) == () and can_show(broken) == frozenset()


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(list(SIZES)),
    first=st.floats(0.0, 0.2),
    more=st.floats(0.0, 0.2),
    sigma=st.floats(0.0, 0.05),
)
def test_a_worse_value_never_lowers_the_probability(kind: FindingKind, first: float, more: float, sigma: float) -> None:
    limit = SIZES[kind]
    second = first + more if limit.above else first - more
    assert crossing_probability(limit, second, sigma) >= crossing_probability(limit, first, sigma)


@pytest.mark.parametrize("kind", list(SIZES))
def test_borderline_is_exactly_the_zone_and_the_words_follow(kind: FindingKind) -> None:
    limit = SIZES[kind]
    step = 1e-6 if limit.unit == "m" else 1e-4
    clear, mild = (limit.high + step, limit.low - step) if limit.above else (limit.low - step, limit.high + step)

    def finding(value: float):
        name = next(iter(limit.names), MeasurementName.LV_VOLUME)
        return measured_finding(kind, Measurement(name, value, limit.unit, step, View.A4C, limit.convention))

    assert finding(mild) is None
    for value in (limit.low, limit.value, limit.high):
        found = finding(value)
        assert found is not None and found.borderline
        assert found.text.startswith("Borderline") and "repeat" in found.text
    found = finding(clear)
    assert found is not None and not found.borderline and "repeat" not in found.text
    assert found.text.startswith("Suspected") and "needs review" in found.text
    assert "diagnos" not in found.text.lower() and isfinite(found.probability)
