"""Exams of the scripted world, written as records."""

from pathlib import Path

import numpy as np
from exam_world import GEOMETRY, World
from numpy.typing import NDArray

from echopilot_core import Frame, SectorBox
from echopilot_exam.machine.machine import ExamMachine
from echopilot_exam.protocol.protocol import load_protocol
from echopilot_exam.record import RecordHeader, RecordWriter

SENTENCE = "Research software, not a medical device. Not verified by a clinician."

SECTOR = SectorBox(20, 10, 300, 310)


SIDE = 320

QUICK_FULL = """
title: Heart and aorta, quickly
steps:
  - {view: A4C, kind: acquire, preset: cardiac, force_n: 5.0, timeout_s: 30, beats: 3, gate: A4C}
  - {view: AORTA_TRANS, kind: acquire, preset: abdomen, force_n: 8.0, timeout_s: 30, beats: 1, gate: AORTA_TRANS}
  - {view: AORTA_TRANS, kind: sweep, preset: abdomen, force_n: 8.0, timeout_s: 30, speed_mm_s: 20.0, gate: AORTA_SWEEP}
"""
ONE_LOOK = """
title: One look
steps:
  - {view: A4C, kind: acquire, preset: cardiac, force_n: 5.0, timeout_s: 8, beats: 1, gate: A4C}
"""


def _plain(sequence: int) -> NDArray[np.uint8]:
    """An image that differs from frame to frame and is small when compressed."""
    rows = (np.arange(SIDE) + sequence) % 200
    return np.repeat(rows[:, None], SIDE, axis=1).astype(np.uint8)


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
        for seen in world.last_inputs.results:
            writer.add_frame(Frame(seen.stamp_ns, seen.sequence, _plain(seen.sequence), GEOMETRY, SECTOR))
        writer.tick(world.last_inputs, output)
        if output.done:
            break
    writer.close()
