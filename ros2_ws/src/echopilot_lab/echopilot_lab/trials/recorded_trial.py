"""One trial whose record also gets an exam.mcap, as in the ROS graph."""

from pathlib import Path

from rich.console import Console

from echopilot_core import EchoPilotError, WriteError
from echopilot_exam.goal_source import ExamDirective
from echopilot_lab.records.loop_recording import LoopRecording
from echopilot_lab.simulated_loop import SimulatedTick
from echopilot_lab.trials.trial import run_trial


def record_trial(seed: int, protocol: str, out: Path, console: Console) -> None:
    """Run the exam of `seed`; `out` then holds its record with exam.mcap, and nothing of the simulator's truth.

    The record is written where it stays: what ends the command leaves it as an exam that was cut short. Raises
    EchoPilotError for an unknown protocol or a folder that is not new or empty.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise EchoPilotError(f"{out} is not empty; give a new folder with --out")
    recording: LoopRecording | None = None
    with console.status(f"virtual patient {seed}") as status:

        def watch(tick: SimulatedTick) -> None:
            nonlocal recording
            recording = recording or LoopRecording(out)
            recording.tick(tick)
            if isinstance(tick.directive, ExamDirective) and tick.robot.tick % 100 == 0:
                phase = tick.directive.output.state.phase
                status.update(f"{tick.robot.stamp_ns * 1e-9:.0f} s simulated, {phase.name}")

        try:
            run_trial(seed, protocol, out, watch=watch, clips=True)
        finally:
            if recording is not None:
                recording.close()
    if recording is not None and recording.recording.stopped:
        raise WriteError(recording.recording.stopped)
    console.print(f"record with exam.mcap -> {out}")
