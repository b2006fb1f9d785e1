"""An exam of the scripted world, written as a record."""

from pathlib import Path

import numpy as np
from exam_world import World, make_frame

from echopilot_control.safety import Limits
from echopilot_core import BodyLandmarks
from echopilot_exam.machine.machine import ExamMachine
from echopilot_exam.protocol.protocol import load_protocol
from echopilot_exam.record import RecordHeader, RecordWriter, exam_config

LANDMARKS = BodyLandmarks(7, np.array([0.5, 0.18, 0.21]), np.array([0.5, 0.0, 0.2]), np.array([0.51, -0.19, 0.2]))


def write_exam(folder: Path, protocol: str = "full", ticks: int | None = None) -> World:
    """Run an exam of the scripted world into a folder; `ticks` ends it early, as a crash would."""
    plan = load_protocol(protocol)
    world = World(ExamMachine(plan, "P-0001"), widest_m=0.034)
    header = RecordHeader("P-0001", plan.name, plan.sha256, code_version="test")
    writer = RecordWriter(folder, plan, header, exam_config(protocol, Limits()), clips=True)
    writer.set_landmarks(LANDMARKS)
    offered = -1
    while ticks is None or ticks > 0:
        ticks = None if ticks is None else ticks - 1
        output = world.tick()
        assert world.last_inputs is not None
        for seen in world.last_inputs.results:
            if seen.sequence > offered:
                offered = seen.sequence
                writer.add_frame(make_frame(seen))
        writer.tick(world.last_inputs, output)
        if output.done:
            break
    writer.close()
    return world
