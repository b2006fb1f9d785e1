"""Images, clips and folders of them as pre-training images; the names of folders may say what they show.

A folder is named after an organ of the tree (`liver`, `kidney+liver` for both), or after a region with organs below,
and may go on with views and states: `heart/A4C/effusion`. What lies in `unlabeled` has no label.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line
from echopilot_perception.frames import Clip, open_clip
from echopilot_perception.frames.readers.kinds import BY_SUFFIX, is_dicom
from echopilot_perception.pretraining.data.image import PretrainImage, image_of
from echopilot_perception.pretraining.recipe.recipe import DataChoice
from echopilot_perception.pretraining.tree.label_tree import LabelTree
from echopilot_perception.pretraining.tree.targets import NOTHING_KNOWN, ImageLabel

NO_IMAGES = ("mask", "masks", "labels", "annotations")
"""Folders of truth beside images, which is nothing to learn to see from."""
UNLABELED = ("unlabeled", "unlabelled", "unknown")


@dataclass
class Leftovers:
    """What was left out while reading: how many files, and why the first one was."""

    files: int = 0
    first: str = ""

    def add(self, why: str) -> None:
        """Count a file."""
        self.files += 1
        self.first = self.first or why

    def remarks(self) -> list[str]:
        """One line, or none."""
        if not self.files:
            return []
        return [f"{self.files} {'file was' if self.files == 1 else 'files were'} left out; first: {self.first}"]


@dataclass(frozen=True)
class FolderReader:
    """Reads the clips below `root` but those in `skipped` folders; `left_out` says afterwards which were not read."""

    root: Path
    choice: DataChoice
    tree: LabelTree
    skipped: frozenset[Path] = frozenset()
    left_out: Leftovers = field(default_factory=Leftovers)

    def clips(self) -> list[Path]:
        """Files that may be clips, in the order of their names; links to folders are not followed."""
        found = []
        for place, folders, names in os.walk(self.root):
            folders[:] = sorted(f for f in folders if not f.startswith(".") and _plain(f) not in NO_IMAGES)
            folders[:] = [name for name in folders if Path(place) / name not in self.skipped]
            for name in sorted(names):
                path = Path(place) / name
                hidden = name.startswith(".") or not path.is_file()
                if not hidden and (path.suffix.lower() in BY_SUFFIX or _bare_dicom(path)):
                    found.append(path)
        return found

    def images(self) -> Iterator[PretrainImage]:
        """Frames of all clips, evenly over each; a clip that cannot be read is counted and left out.

        Raises EchoPilotError when names of folders are to be labels and one is none.
        """
        clips = self.clips()
        named = self.names_are_labels(clips)
        labels = {folder: self.label_of(folder) if named else NOTHING_KNOWN for folder in {p.parent for p in clips}}
        for path in clips:
            yield from self.frames_of(path, labels[path.parent])

    def frames_of(self, path: Path, label: ImageLabel) -> Iterator[PretrainImage]:
        """Frames of one clip with a label; a clip that cannot be read is counted and left out."""
        try:
            yield from _frames(open_clip(path), str(path.relative_to(self.root)), label, self.choice)
        except EchoPilotError as error:
            self.left_out.add(one_line(error, 200))

    def names_are_labels(self, clips: list[Path]) -> bool:
        """Whether the first folders below the root are labels; raises EchoPilotError where only some of them are."""
        firsts = sorted({path.relative_to(self.root).parts[0] for path in clips if path.parent != self.root})
        firsts = [name for name in firsts if _plain(name) not in UNLABELED]
        strange = [name for name in firsts if not self._top(name)]
        if self.choice.labels == "none" or (self.choice.labels == "auto" and len(strange) == len(firsts)):
            return False
        if strange or not firsts:
            known = ", ".join(sorted(path.split("/")[1] for path in self.tree.paths if path.count("/") == 1))
            raise EchoPilotError(
                f"{self.root}: folder {one_line(strange[0], 60) if strange else 'names'} is no organ of the tree of "
                f"labels; move it to unlabeled/, or set data: labels: none, or choose of {known}"
            )
        return True

    def label_of(self, folder: Path) -> ImageLabel:
        """Label that the path of a folder gives; names that the tree does not have (patients, studies) say nothing."""
        ends: list[str] = []
        for part in folder.relative_to(self.root).parts:
            if not ends and _plain(part) in UNLABELED:
                return NOTHING_KNOWN
            below = [child for end in ends for child in _children(self.tree, end) if _last(child) == _plain(part)]
            ends = below or ends or self._top(part)
            if len(ends) == 1 and ends[0].count("/") == 0 and not below:
                ends = [organ for organ in self._top(part) if organ.startswith(f"{ends[0]}/")] or ends
        return ImageLabel(tuple(ends), complete=self.choice.other_organs == "absent") if ends else NOTHING_KNOWN

    def _top(self, name: str) -> list[str]:
        """Paths of the organs, or of the region, that a folder's name stands for; empty when one is unknown."""
        organs, regions = self.tree.organs, {p for p in self.tree.paths if "/" not in p}
        found = []
        for word in name.split("+"):
            path = organs.get(_plain(word)) or (_plain(word) if _plain(word) in regions else None)
            if path is None:
                return []
            found.append(path)
        return found


def _children(tree: LabelTree, path: str) -> list[str]:
    return [p for p in tree.paths if p.rpartition("/")[0] == path]


def _last(path: str) -> str:
    return _plain(path.rpartition("/")[2])


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _bare_dicom(path: Path) -> bool:
    if path.suffix:
        return False
    try:
        return is_dicom(path)
    except (OSError, EchoPilotError):
        return False


def _frames(clip: Clip, source: str, label: ImageLabel, choice: DataChoice) -> Iterator[PretrainImage]:
    count = min(choice.frames_per_clip, len(clip))
    chosen = {round(i) for i in np.linspace(0, len(clip) - 1, count)}
    for number, frame in enumerate(clip.frames()):
        if number in chosen:
            yield image_of(frame, source, label)
