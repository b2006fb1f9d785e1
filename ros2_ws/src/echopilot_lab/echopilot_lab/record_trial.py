"""One trial whose record also gets an exam.mcap, as in the ROS graph."""

import shutil
from pathlib import Path

from rich.console import Console

from echopilot_core import EchoPilotError
from echopilot_lab.loop import LoopTick
from echopilot_lab.loop_recording import LoopRecording
from echopilot_lab.trial import run_trial

RECORD = "record"


def record_trial(seed: int, protocol: str, out: Path, console: Console) -> None:
    """Run the exam of `seed`; `out` then holds its record with exam.mcap, and nothing of the simulator's truth.

    Raises EchoPilotError for an unknown protocol or a folder that is not new or empty.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise EchoPilotError(f"{out} is not empty; give a new folder with --out")
    work = out.with_name(f".{out.name}-work")
    recording: LoopRecording | None = None
    with console.status(f"virtual patient {seed}") as status:

        def watch(tick: LoopTick) -> None:
            nonlocal recording
            recording = recording or LoopRecording(work / RECORD)
            recording.tick(tick)
            if tick.exam is not None and tick.robot.tick % 100 == 0:
                status.update(f"{tick.robot.stamp_ns * 1e-9:.0f} s simulated, {tick.exam.state.state}")

        try:
            run_trial(seed, protocol, work, watch=watch, clips=True)
            if recording is not None:
                recording.close()
            if out.exists():
                out.rmdir()
            (work / RECORD).rename(out)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    console.print(f"record with exam.mcap -> {out}")
