"""A suspicion's place is where its frames were taken, and a second pass lies around it."""

import numpy as np
import pytest
from suspicion_items import LONG, TRANS, maximum, sweep

from echopilot_core import ProbePlace, View, se3
from echopilot_exam.protocol.step import StepStart
from echopilot_exam.suspicion.places import place_of_frames, start_of, turned, widest_place
from echopilot_exam.suspicion.table import second_looks

PASS, AXIS = (step for step in next(iter(second_looks().values())).steps)


def test_the_widest_place_is_that_of_the_largest_station() -> None:
    sections = sweep(at_m=0.07)
    place = widest_place(sections, maximum(sections))
    assert place is not None and place.station_m == pytest.approx(0.07, abs=0.004)
    assert place.probe_pose[1, 3] == pytest.approx(-0.07, abs=0.004)
    assert np.allclose(place.probe_pose[:3, :3], np.diag([1.0, -1.0, -1.0]))
    assert widest_place(sections[:20], maximum(sections)) is None


def test_a_second_pass_begins_half_its_length_before_the_place() -> None:
    sections = sweep(at_m=0.07)
    place = widest_place(sections, maximum(sections))
    assert PASS.start is StepStart.BEFORE and PASS.sweep_m == pytest.approx(0.040)
    start = start_of(PASS, place, TRANS, sections)
    assert start is not None and place is not None
    assert np.linalg.norm(start[:3, 3] - place.probe_pose[:3, 3]) == pytest.approx(0.020, abs=0.0011)
    assert start[1, 3] > place.probe_pose[1, 3]  # towards the head


def test_a_pass_about_the_begin_of_the_sweep_starts_there() -> None:
    sections = sweep(at_m=0.008)
    start = start_of(PASS, widest_place(sections, maximum(sections)), TRANS, sections)
    assert start is not None and start[1, 3] == pytest.approx(0.0, abs=1e-9)


def test_the_long_axis_is_a_quarter_turn_at_the_same_place() -> None:
    sections = sweep()
    place = widest_place(sections, maximum(sections))
    start = start_of(AXIS, place, TRANS, sections)
    assert start is not None and place is not None
    assert np.array_equal(start[:3, 3], place.probe_pose[:3, 3])
    assert np.degrees(se3.angle_between(start[:3, :3], place.probe_pose[:3, :3])) == pytest.approx(90.0, abs=10.0)
    assert np.allclose(turned(start, LONG, TRANS), place.probe_pose)


def test_a_usual_start_needs_no_place() -> None:
    step = second_looks()[next(k for k in second_looks() if k.name == "EFFUSION")].steps[0]
    assert start_of(step, ProbePlace.of(np.eye(4)), View.PLAX, ()) is None
    assert start_of(AXIS, None, TRANS, ()) is None


def test_frames_between_sections_have_the_place_of_the_nearest_one() -> None:
    sections = sweep()[::10]
    place = place_of_frames(sections, (152, 148, 151))
    assert place is not None and place.station_m == pytest.approx(0.05, abs=1e-6)
    assert place_of_frames([], (1,)) is None and place_of_frames(sections, ()) is None
