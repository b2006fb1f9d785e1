"""The film of a trial has a picture for every frame and shows what happened."""

from pathlib import Path

import cv2
import numpy as np
from rich.console import Console

from echopilot_control.safety import Limits
from echopilot_exam.machine import ExamMachine
from echopilot_exam.protocol import load_protocol
from echopilot_lab.film import HEIGHT, PANEL_WIDTH, SEEN_WIDTH, Film
from echopilot_lab.loop import run_loop
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import draw_patient
from echopilot_sim.simulation import SimConfig, Simulation

TICKS = 120


def test_every_frame_is_filmed_beside_a_panel_that_changes(tmp_path: Path) -> None:
    simulation = Simulation(draw_patient(500_011), SimConfig(frame_hz=10.0, quality="fast"))
    perception = Perception()
    film, frames = Film("test", Console(quiet=True).status("")), 0
    for i, tick in enumerate(run_loop(simulation, perception, ExamMachine(load_protocol("aorta"), "test"), Limits())):
        film.add(tick)
        frames += len(tick.frames)
        if i == TICKS:
            break
    perception.close()
    film.finish(tmp_path / "exam.webm")
    video = cv2.VideoCapture(str(tmp_path / "exam.webm"))
    pictures = []
    while (read := video.read())[0]:
        pictures.append(read[1])
    assert len(pictures) == frames > 5
    assert pictures[0].shape == (HEIGHT, SEEN_WIDTH + PANEL_WIDTH, 3)
    first, last = (picture[:, SEEN_WIDTH:].astype(int) for picture in (pictures[1], pictures[-1]))
    assert np.abs(first - last).mean() > 0.5
