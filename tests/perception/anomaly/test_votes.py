"""View of a clip by votes, and what a clip as a whole allows."""

from dataclasses import replace

import numpy as np
import pytest
from anomaly_frames import FRAME_NS, aorta, box, result, ventricle

from echopilot_core import ClassExtent, FindingKind, HeadName, PerceptionResult, SegmentationClass, View
from echopilot_perception.anomaly import ejection_of_clip, findings_of_clip, told_measurements, vote
from echopilot_perception.anomaly.votes import is_foreign

BEAT = 24  # frames
A4C, A2C, NONE, PLAX = View.A4C, View.A2C, View.NONE, View.PLAX


def beating(views: list[View]) -> list[PerceptionResult]:
    """A ventricle of 75 beats a minute, seen in these views frame by frame."""
    frames = []
    for i, view in enumerate(views):
        area = 3e-3 * (1.0 + 0.2 * np.cos(2.0 * np.pi * i / BEAT))
        frames.append(replace(result(i, view), extents=(ClassExtent(SegmentationClass.LV, area, 1e-5, 0.0, 0.08),)))
    return frames


def test_every_beat_has_one_vote() -> None:
    half = BEAT // 2
    views = [A4C] * (half + 1) + [A2C] * (half - 1)  # by a hair in every beat but one
    answer = vote(beating(views * 3 + [A2C] * BEAT))
    assert (answer.view, answer.nearest_view, answer.beats) == (A4C, A4C, 4)
    assert answer.view_fraction == answer.nearest_fraction == 0.75
    frames = vote(beating(views * 3 + [A2C] * BEAT), times_known=False)
    assert frames.beats == 0 and frames.view is A2C


def test_a_part_of_a_beat_has_no_vote() -> None:
    answer = vote(beating([A4C] * BEAT + [A2C] * BEAT + [A4C] * BEAT + [A2C] * (BEAT - 4)))
    assert answer.beats == 3 and answer.view is A4C and answer.view_fraction == pytest.approx(2 / 3)


def test_frames_vote_where_no_beat_is_known() -> None:
    answer = vote([result(i, PLAX if i < 11 else NONE) for i in range(20)])
    assert (answer.view, answer.view_fraction, answer.beats) == (PLAX, 0.55, 0)
    assert vote([result(i, NONE if i < 11 else PLAX) for i in range(20)]).view is NONE
    assert vote([result(0, A4C)]).view is A4C and vote([]).view is NONE


def test_a_frame_out_of_distribution_names_no_view() -> None:
    assert vote([result(i, A4C, ood=0.95) for i in range(8)] + [result(i, PLAX) for i in range(8, 17)]).view is PLAX
    far = vote([result(i, A4C, ood=0.95) for i in range(9)] + [result(i, PLAX) for i in range(9, 17)])
    assert far.foreign and far.view is NONE and not far.shown
    assert vote([result(0, A4C, ood=float("nan"))]).view is NONE
    unjudged = replace(result(0, A4C, ood=float("nan")), heads=frozenset({HeadName.VIEW}))
    assert vote([unjudged]).view is A4C


def test_a_clip_is_foreign_when_half_of_its_frames_in_contact_are() -> None:
    heart, other = [result(i, A4C) for i in range(60)], [result(i, A4C, ood=0.95) for i in range(60, 100)]
    assert is_foreign(other) and not is_foreign(heart + other) and not is_foreign([])
    kinds = {f.kind for f in findings_of_clip(heart + other)}
    assert FindingKind.WRONG_ORGAN not in kinds  # though for more than a second every frame is
    assert FindingKind.WRONG_ORGAN in {f.kind for f in findings_of_clip(other)}
    lifted = [result(i, NONE, coupling=0.1, ood=0.99) for i in range(60)]
    assert not is_foreign(lifted)


def test_a_few_misnamed_frames_raise_no_finding_of_the_other_view() -> None:
    mixed = [aorta(i, 0.06) if i % 4 == 0 else result(i, A4C) for i in range(90)]
    assert FindingKind.ANEURYSM_ABDOMINAL not in {f.kind for f in findings_of_clip(mixed)}
    among_none = [aorta(i, 0.06) if i % 4 == 0 else result(i, NONE) for i in range(90)]
    assert FindingKind.ANEURYSM_ABDOMINAL in {f.kind for f in findings_of_clip(among_none)}


def test_an_effusion_is_measured_only_where_frames_agree_on_it() -> None:
    from echopilot_core import Measurement, MeasurementName

    depth = Measurement(MeasurementName.EFFUSION_DEPTH, 0.012, "m", 0.001, PLAX)
    fluid = (box(FindingKind.EFFUSION, 1.0),)
    steady = [result(i, PLAX, (depth,), fluid) for i in range(60)]
    once = [result(i, PLAX, (depth,) if i == 30 else (), fluid if i == 30 else ()) for i in range(60)]
    assert told_measurements((depth,), findings_of_clip(steady)) == (depth,)
    assert told_measurements((depth,), findings_of_clip(once)) == ()
    diameter = aorta(0, 0.02).measurements
    assert told_measurements(diameter, ()) == diameter


def test_a_fraction_is_of_beats_without_a_gap() -> None:
    whole = [ventricle(i, 0.4) for i in range(90)]
    expected = ejection_of_clip(whole)
    assert expected is not None and expected.value == pytest.approx(0.4, abs=0.02)
    lost = [s for i, s in enumerate(whole) if i % 30 < 12]  # every systole out of sight
    assert ejection_of_clip(lost) is None
    late = [replace(ventricle(i, 0.1), stamp_ns=(i + 300) * FRAME_NS) for i in range(45)]
    longest = ejection_of_clip([*whole, *late])
    assert longest is not None and longest.value == pytest.approx(expected.value)
