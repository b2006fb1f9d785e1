"""Exams of the scripted world, written as records."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from exam_world import World, make_frame
from numpy.typing import NDArray

from echopilot_core import SectorBox
from echopilot_exam.machine import ExamMachine
from echopilot_exam.protocol import load_protocol
from echopilot_exam.record import RecordHeader, RecordWriter

SENTENCE = "Research software, not a medical device. Not verified by a clinician."

SECTOR = SectorBox(20, 10, 300, 310)


def _plain(shape: tuple[int, ...], sequence: int) -> NDArray[np.uint8]:
    """A picture that differs from frame to frame and is small when compressed."""
    rows = (np.arange(shape[0]) + sequence) % 200
    return np.repeat(rows[:, None], shape[1], axis=1).astype(np.uint8)


def write_exam(
    folder: Path,
    protocol: str = "full",
    ticks: int = 10_000,
    good: bool = True,
    patient: str = "P-0001",
    clips: bool = False,
) -> None:
    """Run an exam into a folder; `ticks` ends it early, `good` decides whether the gate passes."""
    plan = load_protocol(protocol)
    world = World(ExamMachine(plan, patient), widest_m=0.032)
    world.good = good
    writer = RecordWriter(folder, plan, RecordHeader(patient, plan.name, plan.sha256), clips=clips)
    for _ in range(ticks):
        output = world.tick()
        assert world.last_inputs is not None
        for seen in world.last_inputs.seen:
            frame = make_frame(seen)
            writer.frame(replace(frame, image=_plain(frame.image.shape, frame.sequence), sector=SECTOR))
        writer.tick(world.last_inputs, output)
        if output.done:
            break
    writer.close()
