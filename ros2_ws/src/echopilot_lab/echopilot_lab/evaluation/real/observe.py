"""Perception on one labeled file: the answer of every frame, of the clip, and images to look at."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from echopilot_core import EchoPilotError, FindingKind, PerceptionResult, View
from echopilot_core.guarded.bounded import one_line
from echopilot_lab.evaluation.real.gray_changes import GrayChange, gray_change
from echopilot_lab.evaluation.real.labels import LabeledFile
from echopilot_lab.evaluation.real.outlines import ClassDice, dice_of, outlines_beside
from echopilot_lab.evaluation.real.shown_frames import CLIP_PX, STILL_PX, ShownFrame, chosen, show_frame
from echopilot_lab.replay.clip_results import NO_LABELS, labels_inside
from echopilot_perception.anomaly import ClipVote, findings_of_clip, vote
from echopilot_perception.frames import open_clip
from echopilot_perception.pipeline import Perception

STILLS = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".jxl")  # of a file that was refused, which cannot tell


@dataclass(frozen=True)
class Piece:
    """One file for a worker; `model` None: the shipped one; `images`: keep some for the page."""

    row: LabeledFile
    model: Path | None
    images: bool


@dataclass(frozen=True)
class FrameAnswer:
    """What perception says of one frame."""

    view: View
    nearest_view: View
    nearest_probability: float
    quality: float
    ood: float


@dataclass(frozen=True)
class SeenFile:
    """A file after perception; of a refused one only `refusal`, in words, is there."""

    row: LabeledFile
    refusal: str = ""
    frames: tuple[FrameAnswer, ...] = ()
    answer: ClipVote = field(default_factory=ClipVote)
    findings: frozenset[FindingKind] = frozenset()
    gray: GrayChange | None = None
    dice: tuple[ClassDice, ...] = ()
    calibrated: bool = False
    remarks: tuple[str, ...] = ()
    images: tuple[ShownFrame, ...] = ()

    @property
    def is_still(self) -> bool:
        """Whether it is a single image."""
        return self.row.path.suffix.lower() in STILLS if self.refusal else len(self.frames) == 1

    @property
    def nearest(self) -> str:
        """Word of the nearest view of most frames; for a label of PSAX its levels count as one."""
        names = [self.row.view if f.nearest_view in self.row.views else f.nearest_view.name for f in self.frames]
        return Counter(names).most_common(1)[0][0] if names else View.NONE.name

    @property
    def ood(self) -> float:
        """Mean out-of-distribution score; 1 for a refused file."""
        return float(np.mean([f.ood for f in self.frames])) if self.frames else 1.0


def observe(piece: Piece) -> SeenFile:
    """See every frame of a file; a refusal in words is a result, damaged outlines are an error."""
    row, perception = piece.row, _perception(piece.model)
    outlines = outlines_beside(row.path)
    try:
        clip = open_clip(row.path)
        results: list[PerceptionResult] = []
        dice: list[ClassDice] = []
        images: list[ShownFrame] = []
        gray: GrayChange | None = None
        scale = False
        shown = chosen(len(clip), outlines) if piece.images else ()
        for k, frame in enumerate(clip.frames()):
            result = perception.see(frame)
            if k in outlines:
                dice += dice_of(k, labels_inside(frame, result), outlines[k])
            if k in shown:
                images.append(show_frame(k, frame, result, outlines.get(k, {}), CLIP_PX if len(clip) > 1 else STILL_PX))
            if k == len(clip) // 2:
                gray = gray_change(perception, frame)
            results.append(replace(result, enhanced=None, label_map=NO_LABELS))
            scale = frame.imaging.calibrated
    except EchoPilotError as error:
        return SeenFile(row, refusal=one_line(error, 300))
    late = [k for k in outlines if k >= len(results)]
    if late:
        raise EchoPilotError(f"{row.name} has {len(results)} frames; there are outlines of frame {late[0]}")
    return SeenFile(
        row,
        frames=tuple(_answer(result) for result in results),
        answer=vote(results, clip.times.known),
        findings=_kinds(results, clip.times.known),
        gray=gray,
        dice=tuple(dice),
        calibrated=scale,
        remarks=tuple(clip.remarks),
        images=tuple(images),
    )


def _answer(result: PerceptionResult) -> FrameAnswer:
    near = result.nearest_view
    return FrameAnswer(
        result.view, near, float(result.view_probability[near]), float(result.quality), float(result.ood_score)
    )


def _kinds(results: Sequence[PerceptionResult], times_known: bool) -> frozenset[FindingKind]:
    return frozenset(finding.kind for finding in findings_of_clip(results, times_known))


@lru_cache(maxsize=1)
def _perception(model: Path | None) -> Perception:
    return Perception(model)
