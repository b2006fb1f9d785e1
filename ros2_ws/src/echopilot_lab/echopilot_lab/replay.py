"""Perception on a real clip without ROS."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from echopilot_lab.clip_results import ClipResults
from echopilot_lab.clips import find_clip
from echopilot_lab.replay_mcap import replay_recording
from echopilot_lab.staging import staged_folder
from echopilot_perception.frames import open_clip
from echopilot_perception.pipeline import Perception


def replay_clip(name: str, out: Path, masks: bool, enhanced: bool, console: Console) -> dict[str, Any]:
    """Write overlay.webm, frames.jsonl, summary.json (and masks.npz: labels uint8 (N, H, W)); return the summary.

    `enhanced` puts the speckle-reduced picture beside the overlay.
    A recording (exam.mcap) is compared with the results in it instead: see `replay_recording`.
    Nothing is left in `out` when the clip cannot be read to its end.
    """
    path = find_clip(name)
    if path.suffix.lower() == ".mcap":
        return replay_recording(path, out, console)
    clip = open_clip(path)
    perception = Perception()
    with staged_folder(out) as folder:
        results = ClipResults(folder, clip.frame_rate_hz, masks, enhanced)
        for frame in track(clip.frames(), total=len(clip), description=f"replay {path.name}", console=console):
            results.add(frame, perception.see(frame))
        summary = results.finish(path.name, dropped=0)
    perception.close()
    console.print(
        f"{summary['frames']} frames, view {summary['view']} in {summary['view_fraction']:.0%}, "
        f"quality {summary['quality']:.2f}, {summary['latency_ms']['p50']:.1f} ms per frame -> {out}"
    )
    return summary
