"""Clips of a record: every frame of a recording or a sweep with its label map, one folder per clip."""

import json
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from echopilot_core import Frame, ImagingParameters, PerceptionResult, ProbeGeometry, SectorBox, View
from echopilot_core.guarded.bounded import one_line
from echopilot_core.guarded.json_input import read_json
from echopilot_exam.machine.states import CLIP_PHASES, ExamState
from echopilot_exam.protocol.step import StepKind
from echopilot_exam.record.codec import BAD, number, plain, restore, said, whole
from echopilot_exam.record.files import JsonLines, read_lines, replace_file
from echopilot_exam.record.images import png
from echopilot_exam.record.model import IMAGING_KEYS, ClipFrame, ClipRecord
from echopilot_exam.record.syncer import Syncer
from echopilot_perception.frames.checks import check_geometry

WAITING_KEPT = 60


class ClipWriter:
    """Writes the frames of the states CLIP_PHASES into `folder`/NN-VIEW-ATTEMPT."""

    def __init__(self, folder: Path, syncer: Syncer) -> None:
        self._folder = folder
        self._syncer = syncer
        self._waiting: OrderedDict[int, tuple[PerceptionResult, ExamState]] = OrderedDict()
        self._before: ExamState | None = None
        self._lines: JsonLines | None = None
        self._open = ""

    def take(self, results: tuple[PerceptionResult, ...], state: ExamState, frames: Mapping[int, Frame]) -> None:
        """Write the frames of a clip whose images have arrived; raises OSError on a full disk."""
        owner = state if state.phase in CLIP_PHASES else self._before  # the tick that ends a clip still took frames
        self._before = state if state.phase in CLIP_PHASES else None
        if owner is not None:
            self._waiting.update((s.sequence, (s, owner)) for s in results)
        for sequence in [s for s in self._waiting if s in frames]:
            self._write(frames[sequence], *self._waiting.pop(sequence))
        while len(self._waiting) > WAITING_KEPT:
            self._waiting.popitem(last=False)

    def close(self) -> None:
        """Close the open clip."""
        if self._lines is not None:
            self._lines.close()

    def _write(self, frame: Frame, result: PerceptionResult, state: ExamState) -> None:
        name = f"{state.step_index + 1:02d}-{state.view.name}-{state.attempt}"
        folder = self._folder / name
        if name != self._open:
            self.close()
            (folder / "masks").mkdir(parents=True, exist_ok=True)
            replace_file(folder / "clip.json", self._document(name, frame, result, state))
            self._lines, self._open = JsonLines(folder / "frames.jsonl", self._syncer), name
        file_name = f"{frame.sequence:06d}.png"
        replace_file(folder / file_name, png(frame.image), sync=False)
        replace_file(folder / "masks" / file_name, png(result.label_map.labels), sync=False)
        assert self._lines is not None
        self._lines.append({"sequence": frame.sequence, "stamp_ns": frame.stamp_ns})

    def _document(self, name: str, frame: Frame, result: PerceptionResult, state: ExamState) -> bytes:
        document = {
            "name": name,
            "view": state.view,
            "kind": state.step.kind.value,
            "step_index": state.step_index,
            "attempt": state.attempt,
            "geometry": frame.geometry,
            "sector": frame.sector,
            "imaging": {key: getattr(frame.imaging, key) for key in IMAGING_KEYS},
            "labels_origin_x_m": result.label_map.origin_x_m,
            "labels_origin_y_m": result.label_map.origin_y_m,
            "labels_spacing_m": result.label_map.spacing_m,
        }
        return json.dumps(plain(document), allow_nan=False, indent=1).encode()


def read_clips(folder: Path, damaged: list[str]) -> tuple[ClipRecord, ...]:
    """All clips under `folder`; unreadable ones are listed in `damaged`."""
    clips: list[ClipRecord] = []
    for home in sorted(path.parent for path in folder.glob("*/clip.json")):
        try:
            clips.append(_read_clip(home, damaged))
        except BAD as error:
            damaged.append(f"clip {one_line(home.name, 60)}: {said(error)}")
    return tuple(clips)


def _read_clip(home: Path, damaged: list[str]) -> ClipRecord:
    raw: dict[str, Any] = read_json(home / "clip.json")
    lines, complaint = read_lines(home / "frames.jsonl")
    if complaint:
        damaged.append(f"clip {home.name}: {complaint}")
    frames, bad, missing = [], 0, list[int]()
    for line in lines:
        try:
            sequence, stamp_ns = whole(line["sequence"]), whole(line["stamp_ns"])
        except BAD:
            bad += 1
            continue
        name = f"{sequence:06d}.png"
        frame = ClipFrame(sequence, stamp_ns, home / name, home / "masks" / name)
        if frame.image_path.is_file() and frame.labels_path.is_file():
            frames.append(frame)
        else:
            missing.append(sequence)
    if bad:
        damaged.append(f"clip {home.name}: {bad} line(s) are incomplete")
    if missing:
        shown = ", ".join(map(str, missing[:5])) + (" ..." if len(missing) > 5 else "")
        damaged.append(f"clip {home.name}: {len(missing)} frame(s) are missing: {shown}")
    geometry, spacing_m = restore(ProbeGeometry, raw["geometry"]), number(raw["labels_spacing_m"])
    check_geometry(geometry, "clip.json")
    return ClipRecord(
        name=one_line(raw["name"], 60),
        view=View[raw["view"]],
        kind=StepKind(raw["kind"]).value,
        step_index=whole(raw["step_index"]),
        attempt=whole(raw["attempt"]),
        geometry=geometry,
        sector=restore(SectorBox, raw["sector"]),
        imaging=restore(ImagingParameters, raw["imaging"]),
        labels_origin_x_m=number(raw["labels_origin_x_m"]),
        labels_origin_y_m=number(raw["labels_origin_y_m"]),
        labels_spacing_m=spacing_m,
        frames=tuple(frames),
    )
