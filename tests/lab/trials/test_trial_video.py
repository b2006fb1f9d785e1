"""The film of a trial runs at an even speed and shows what happened."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from built_patients import drawn
from echopilot_exam.exam_run import ExamRun
from echopilot_exam.goal_source import ExamGoals
from echopilot_lab.simulated_loop import RenderedResults, simulated_loop
from echopilot_lab.trials.trial_video import HEIGHT, OVERLAY_WIDTH, PANEL_WIDTH, SPEED, VIDEO_HZ, TrialVideo, evenly
from echopilot_perception.pipeline import Perception
from echopilot_sim.simulation import SimConfig, Simulation

TICKS = 120


def test_the_exam_is_filmed_at_its_speed_beside_a_panel_that_changes(tmp_path: Path) -> None:
    simulation = Simulation(drawn(500_011), SimConfig(frame_hz=10.0, quality="fast"))
    perception = Perception()
    recorder, stamps = TrialVideo("test", Console(quiet=True).status("")), []
    exam = ExamRun("aorta", "test", tmp_path / "record", clips=False)
    loop = simulated_loop(simulation, RenderedResults(simulation, perception, exam.add_frame), ExamGoals(exam))
    for _ in range(TICKS):
        tick = loop.step()
        recorder.add(tick)
        stamps += [frame.stamp_ns for frame in tick.frames]
    exam.close()
    perception.close()
    recorder.finish(tmp_path / "exam.webm")
    video = cv2.VideoCapture(str(tmp_path / "exam.webm"))
    images = []
    while (read := video.read())[0]:
        images.append(read[1])
    assert len(images) > 5
    assert len(images) == pytest.approx((stamps[-1] - stamps[0]) * 1e-9 * VIDEO_HZ / SPEED, abs=1.0)
    assert images[0].shape == (HEIGHT, OVERLAY_WIDTH + PANEL_WIDTH, 3)
    first, last = (image[:, OVERLAY_WIDTH:].astype(int) for image in (images[1], images[-1]))
    assert np.abs(first - last).mean() > 0.5


def test_uneven_frames_become_an_even_film_that_never_shows_the_future() -> None:
    images = [(stamp_ns, np.array([stamp_ns], np.uint32)) for stamp_ns in (0, 100, 133, 166, 200, 500)]
    assert [int(p[0]) for p in evenly(images, 50e-9)] == [0, 0, 100, 133, 200, 200, 200, 200, 200, 200, 500]
    assert evenly([], 0.1) == []
