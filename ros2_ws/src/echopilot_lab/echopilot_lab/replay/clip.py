"""Perception on a real clip without ROS."""

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from echopilot_core import EchoPilotError
from echopilot_lab.replay.clip_results import ClipResults
from echopilot_lab.replay.recording import replay_recording
from echopilot_lab.util.atomic_output import staged_folder
from echopilot_perception.frames import open_clip
from echopilot_perception.frames.readers.kinds import WORDS, split_topic
from echopilot_perception.frames.readers.ros.bag import FRAME_TYPE, image_topics
from echopilot_perception.pipeline import Perception


def replay_clip(
    name: str,
    out: Path,
    masks: bool,
    enhanced: bool,
    console: Console,
    depth_m: float | None = None,
    mirror: bool = False,
) -> dict[str, Any]:
    """Write overlay.webm, frames.jsonl, summary.json (and masks.npz: labels uint8 (N, H, W)); return the summary.

    `enhanced` puts the speckle-reduced image beside the overlay.
    A recording (exam.mcap) is compared with the results in it instead: see `replay_recording`. Another MCAP file or
    bag is a clip where it has images; `BAG::/topic` names their topic.
    `depth_m` is the depth of a clip without a scale, `mirror` exchanges left and right: see `open_clip`.
    Nothing is left in `out` when the clip cannot be read to its end.
    """
    path = find_clip(name)
    if is_recording(path):
        if depth_m is not None or mirror:
            raise EchoPilotError("a recording has its own scale and side: --depth-cm and --mirror are for clips")
        return replay_recording(path, out, console)
    clip = open_clip(path, depth_m, mirror)
    perception = Perception()
    with staged_folder(out) as folder:
        results = ClipResults(
            folder, clip.frame_rate_hz, masks, enhanced, clip.times.known, clip.remarks, clip.scale_source
        )
        for frame in track(clip.frames(), total=len(clip), description=f"replay {path.name}", console=console):
            results.add(frame, perception.see(frame))
        summary = results.finish(path.name, dropped=0)
    perception.close()
    for remark in summary["remarks"]:
        console.print(f"[yellow]{path.name}: {remark}[/]", highlight=False, soft_wrap=True)
    console.print(
        f"{summary['frames']} frames, view {summary['view']} in {summary['view_fraction']:.0%}, "
        f"quality {summary['quality']:.2f}, {summary['latency_ms']['p50']:.1f} ms per frame -> {out}"
    )
    return summary


def is_recording(path: Path) -> bool:
    """Whether a path is a recording of EchoPilot: an MCAP file that holds no images of other ROS 2 programs."""
    if path.suffix.lower() != ".mcap" or not path.is_file():
        return False
    try:
        kinds = set(image_topics(path).values())
    except EchoPilotError:  # a recording without end is read too
        return True
    return not kinds or FRAME_TYPE in kinds


DEFAULT_CLIP = "color3d_jpeg_baseline.dcm"


def find_clip(name: str) -> Path:
    """Path of a clip; 'default' is the apical four-chamber cine of the `pydicom-data` package (MIT).

    Raises EchoPilotError when there is nothing at that path.
    """
    if name == "default":
        try:
            packaged = files("pydicom-data") or []
        except PackageNotFoundError:
            raise EchoPilotError("the default clip needs the package pydicom-data: pip install pydicom-data") from None
        for file in packaged:
            if file.name == DEFAULT_CLIP:
                return Path(str(file.locate()))
        raise EchoPilotError(f"the installed pydicom-data holds no {DEFAULT_CLIP}")
    path = Path(name)
    if not split_topic(path)[0].exists():
        raise EchoPilotError(f"no clip at {path}; give {WORDS}, or 'default'")
    return path
