"""Comparison of two runtimes or two models on the same frames: differences and speed."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from echopilot_core import EchoPilotError, Frame
from echopilot_lab.patients.reference_views import cine_frame_states, standard_reference_views
from echopilot_lab.replay.clip import find_clip
from echopilot_perception.frames import open_clip, to_network
from echopilot_perception.model.manifest import read_manifest
from echopilot_perception.runtime import Comparison, Runtime, compare, make_runtime, parse_choice
from echopilot_perception.runtime.onnx import OnnxRuntime
from echopilot_sim.anatomy import build, sample_patient
from echopilot_sim.bmode import Renderer

SEED = 500_000  # the first patient of validation


@dataclass(frozen=True)
class Side:
    """What stands on one side of the comparison."""

    name: str
    runtime: Runtime


def compare_models(
    first: str, second: str, frames: int, clip: str, model: Path | None, console: Console
) -> dict[str, Any]:
    """Compare two sides; show a table and return the figures.

    A side is the name of a runtime (`onnxruntime`, `tensorrt:fp16`; it runs the folder `model`, None: the shipped one),
    a model folder, or an ONNX file. The frames come from `clip`, or from a rendered patient where it is empty.
    Raises EchoPilotError for a side or clip that is none, or that cannot run here.
    """
    sides = [make_side(text, model) for text in (first, second)]
    images = np.stack([to_network(frame) for frame in pick_frames(frames, clip)])[:, None]
    with sides[0].runtime as a, sides[1].runtime as b:
        result = compare(a, b, np.ascontiguousarray(images))
        described = [str(a.metadata()), str(b.metadata())]
    show(result, [side.name for side in sides], described, console)
    return {
        "a": {"name": sides[0].name, "runtime": described[0], **asdict(result.first)},
        "b": {"name": sides[1].name, "runtime": described[1], **asdict(result.second)},
        "frames": result.frames,
        "outputs": {row.output: {k: v for k, v in asdict(row).items() if k != "output"} for row in result.differences},
        "unmatched": list(result.unmatched),
    }


def make_side(text: str, model: Path | None) -> Side:
    """The runtime that `text` names, or one for the folder or file that it is."""
    path = Path(text)
    if path.is_dir():
        return Side(text, make_runtime(read_manifest(path)))
    if path.is_file():
        return Side(text, OnnxRuntime(path))
    try:
        parse_choice(text)
    except EchoPilotError as error:
        raise EchoPilotError(f"{text!r} is no model folder and no ONNX file, and {error}") from error
    return Side(text, make_runtime(read_manifest(model), text))


def pick_frames(count: int, clip: str) -> list[Frame]:
    """`count` frames of a clip, evenly spread; without one the standard views and the cine of a virtual patient."""
    if clip:
        opened = list(open_clip(find_clip(clip)).frames())
        keep = np.unique(np.linspace(0, len(opened) - 1, min(count, len(opened))).round().astype(int))
        return [opened[int(i)] for i in keep]
    anatomy = build(sample_patient(SEED))
    frame_states = [reference.frame_state for reference in standard_reference_views(anatomy)]
    if count > len(frame_states):
        frame_states += cine_frame_states(anatomy)[1]
    renderer = Renderer(anatomy, "fast")
    return [renderer.render(frame_state) for frame_state in frame_states[:count]]


def show(result: Comparison, names: list[str], described: list[str], console: Console) -> None:
    """The differences by output, then the speed of both sides."""
    for letter, name, text in zip("AB", names, described, strict=True):
        console.print(f"{letter} {name}: {text}", highlight=False, soft_wrap=True, markup=False)
    table = Table(title=f"{result.frames} frames")
    for heading in ("output", "largest difference", "mean difference", "same arg-max"):
        table.add_column(heading)
    for row in result.differences:
        same = "" if row.same_class is None else f"{row.same_class:.2%}"
        table.add_row(row.output, f"{row.largest:.2e}", f"{row.mean:.2e}", same)
    console.print(table)
    speeds = Table("", "p50 ms", "p95 ms")
    for name, speed in zip(names, (result.first, result.second), strict=True):
        speeds.add_row(name, f"{speed.p50_ms:.2f}", f"{speed.p95_ms:.2f}")
    console.print(speeds)
    if result.unmatched:
        console.print(f"[yellow]only in one, or of another shape:[/] {', '.join(result.unmatched)}")
