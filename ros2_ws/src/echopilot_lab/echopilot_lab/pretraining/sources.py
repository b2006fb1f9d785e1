"""All that a folder holds to pre-train on: rendered shards, images, clips and folders of them."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from echopilot_core import EchoPilotError
from echopilot_lab.pretraining.rendered import SHARD_KINDS, rendered_images
from echopilot_perception.pretraining.data.folders import FolderReader
from echopilot_perception.pretraining.data.image import PretrainImage
from echopilot_perception.pretraining.recipe.recipe import DataChoice
from echopilot_perception.pretraining.tree.label_tree import LabelTree


@dataclass(frozen=True)
class DataSources:
    """`shards` and `clips` below `root`, in order; `fingerprint` changes with any of them, their labels or the tree."""

    root: Path
    shards: tuple[Path, ...]
    clips: tuple[Path, ...]
    fingerprint: str
    reader: FolderReader

    def images(self) -> Iterator[PretrainImage]:
        """Images of the shards, then of the clips; a shard that is damaged raises EchoPilotError that names it."""
        for path in self.shards:
            yield from rendered_images(path)
        if self.clips:
            yield from self.reader.images()


def find_sources(root: Path, choice: DataChoice, tree: LabelTree) -> DataSources:
    """What lies below `root`; raises EchoPilotError when it is no folder, or holds nothing that can be read."""
    if not root.is_dir():
        raise EchoPilotError(
            f"{root} {'is no folder' if root.exists() else 'does not exist'}; give a folder with --data"
        )
    reader = FolderReader(root, choice, tree)
    shards = tuple(sorted(p for kind in SHARD_KINDS for p in root.rglob(f"patient_*{kind}") if p.is_file()))
    clips = tuple(reader.clips())
    if not shards and not clips:
        raise EchoPilotError(
            f"{root} holds nothing to learn from; put images, clips or shards of echopilot dataset or train there"
        )
    files = [(str(p.relative_to(root)), p.stat().st_size, p.stat().st_mtime_ns) for p in (*shards, *clips)]
    told = json.dumps([files, asdict(choice), tree.sha256]).encode()
    return DataSources(root, shards, clips, hashlib.sha256(told).hexdigest(), reader)
