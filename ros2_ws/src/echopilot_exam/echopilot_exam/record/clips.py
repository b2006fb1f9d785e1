"""The clips of a record: every frame of a recording or a sweep with its label map, one folder per clip."""

import json
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from echopilot_core import Frame, Imaging, ProbeGeometry, SectorBox, Seen, View
from echopilot_exam.protocol import Protocol
from echopilot_exam.record.codec import plain, restore
from echopilot_exam.record.files import JsonLines, read_lines, replace_file
from echopilot_exam.record.model import ClipFrame, ClipRecord
from echopilot_exam.record.pictures import png
from echopilot_exam.record.syncer import Syncer
from echopilot_exam.states import ExamPhase, ExamState

CLIP_PHASES = frozenset({ExamPhase.RECORD, ExamPhase.SWEEP})
WAITING_KEPT = 60


class ClipWriter:
    """Writes the frames of CLIP_PHASES into `folder`/NN-VIEW-ATTEMPT."""

    def __init__(self, folder: Path, protocol: Protocol, syncer: Syncer) -> None:
        self._folder = folder
        self._syncer = syncer
        self._protocol = protocol
        self._waiting: OrderedDict[int, tuple[Seen, ExamState]] = OrderedDict()
        self._before: ExamState | None = None
        self._lines: JsonLines | None = None
        self._open = ""

    def take(self, seen: tuple[Seen, ...], state: ExamState, frames: Mapping[int, Frame]) -> None:
        """Write what belongs to a clip and whose picture is there; raises OSError on a full disk."""
        owner = state if state.phase in CLIP_PHASES else self._before  # the tick that ends a clip still took frames
        self._before = state if state.phase in CLIP_PHASES else None
        if owner is not None:
            self._waiting.update((s.sequence, (s, owner)) for s in seen)
        for sequence in [s for s in self._waiting if s in frames]:
            self._write(frames[sequence], *self._waiting.pop(sequence))
        while len(self._waiting) > WAITING_KEPT:
            self._waiting.popitem(last=False)

    def close(self) -> None:
        """Close the open clip."""
        if self._lines is not None:
            self._lines.close()

    def _write(self, frame: Frame, seen: Seen, state: ExamState) -> None:
        name = f"{state.step_index + 1:02d}-{state.view.name}-{state.attempt}"
        folder = self._folder / name
        if name != self._open:
            self.close()
            (folder / "masks").mkdir(parents=True, exist_ok=True)
            replace_file(folder / "clip.json", self._document(name, frame, seen, state))
            self._lines, self._open = JsonLines(folder / "frames.jsonl", self._syncer), name
        file_name = f"{frame.sequence:06d}.png"
        replace_file(folder / file_name, png(frame.image), sync=False)
        replace_file(folder / "masks" / file_name, png(seen.label_map.labels), sync=False)
        assert self._lines is not None
        self._lines.append({"sequence": frame.sequence, "stamp_ns": frame.stamp_ns})

    def _document(self, name: str, frame: Frame, seen: Seen, state: ExamState) -> bytes:
        document = {
            "name": name,
            "view": state.view,
            "kind": self._protocol.steps[state.step_index].kind.value,
            "step_index": state.step_index,
            "attempt": state.attempt,
            "geometry": frame.geometry,
            "sector": frame.sector,
            "imaging": frame.imaging,
            "labels_origin_x_m": seen.label_map.origin_x_m,
            "labels_origin_y_m": seen.label_map.origin_y_m,
            "labels_spacing_m": seen.label_map.spacing_m,
        }
        return json.dumps(plain(document), allow_nan=False, indent=1).encode()


def read_clips(folder: Path, damaged: list[str]) -> tuple[ClipRecord, ...]:
    """Every clip under `folder`; what cannot be read is named in `damaged`."""
    clips: list[ClipRecord] = []
    for home in sorted(path.parent for path in folder.glob("*/clip.json")):
        try:
            clips.append(_read_clip(home, damaged))
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
            damaged.append(f"clip {home.name}: {error}")
    return tuple(clips)


def _read_clip(home: Path, damaged: list[str]) -> ClipRecord:
    raw: dict[str, Any] = json.loads((home / "clip.json").read_bytes())
    lines, complaint = read_lines(home / "frames.jsonl")
    if complaint:
        damaged.append(f"clip {home.name}: {complaint}")
    frames = []
    for line in lines:
        name = f"{int(line['sequence']):06d}.png"
        frame = ClipFrame(int(line["sequence"]), int(line["stamp_ns"]), home / name, home / "masks" / name)
        if frame.image_path.is_file() and frame.labels_path.is_file():
            frames.append(frame)
        else:
            damaged.append(f"clip {home.name}: frame {frame.sequence} is missing")
    return ClipRecord(
        name=str(raw["name"]),
        view=View[raw["view"]],
        kind=str(raw["kind"]),
        step_index=int(raw["step_index"]),
        attempt=int(raw["attempt"]),
        geometry=restore(ProbeGeometry, raw["geometry"]),
        sector=restore(SectorBox, raw["sector"]),
        imaging=restore(Imaging, raw["imaging"]),
        labels_origin_x_m=float(raw["labels_origin_x_m"]),
        labels_origin_y_m=float(raw["labels_origin_y_m"]),
        labels_spacing_m=float(raw["labels_spacing_m"]),
        frames=tuple(frames),
    )
