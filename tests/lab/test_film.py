"""The film of a trial runs at an even speed and shows what happened."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from built_patients import drawn
from echopilot_control.safety import Limits
from echopilot_exam.machine import ExamMachine
from echopilot_exam.protocol import load_protocol
from echopilot_lab.film import HEIGHT, PANEL_WIDTH, SEEN_WIDTH, SPEED, VIDEO_HZ, Film, evenly
from echopilot_lab.loop import run_loop
from echopilot_perception.pipeline import Perception
from echopilot_sim.simulation import SimConfig, Simulation

TICKS = 120


def test_the_exam_is_filmed_at_its_speed_beside_a_panel_that_changes(tmp_path: Path) -> None:
    simulation = Simulation(drawn(500_011), SimConfig(frame_hz=10.0, quality="fast"))
    perception = Perception()
    film, stamps = Film("test", Console(quiet=True).status("")), []
    for i, tick in enumerate(run_loop(simulation, perception, ExamMachine(load_protocol("aorta"), "test"), Limits())):
        film.add(tick)
        stamps += [frame.stamp_ns for frame in tick.frames]
        if i == TICKS:
            break
    perception.close()
    film.finish(tmp_path / "exam.webm")
    video = cv2.VideoCapture(str(tmp_path / "exam.webm"))
    pictures = []
    while (read := video.read())[0]:
        pictures.append(read[1])
    assert len(pictures) > 5
    assert len(pictures) == pytest.approx((stamps[-1] - stamps[0]) * 1e-9 * VIDEO_HZ / SPEED, abs=1.0)
    assert pictures[0].shape == (HEIGHT, SEEN_WIDTH + PANEL_WIDTH, 3)
    first, last = (picture[:, SEEN_WIDTH:].astype(int) for picture in (pictures[1], pictures[-1]))
    assert np.abs(first - last).mean() > 0.5


def test_uneven_frames_become_an_even_film_that_never_shows_the_future() -> None:
    pictures = [(stamp_ns, np.array([stamp_ns], np.uint32)) for stamp_ns in (0, 100, 133, 166, 200, 500)]
    assert [int(p[0]) for p in evenly(pictures, 50e-9)] == [0, 0, 100, 133, 200, 200, 200, 200, 200, 200, 500]
    assert evenly([], 0.1) == []
