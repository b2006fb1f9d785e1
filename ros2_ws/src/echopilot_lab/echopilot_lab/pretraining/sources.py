"""All that a folder holds to pre-train on: rendered shards, public data sets, images, clips and folders of them."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from echopilot_core import EchoPilotError
from echopilot_lab.pretraining.layouts import (
    camus_files,
    camus_images,
    echonet_folders,
    echonet_images,
    mnist_files,
    mnist_images,
)
from echopilot_lab.pretraining.rendered import SHARD_KINDS, rendered_images
from echopilot_perception.pretraining.data.folders import FolderReader
from echopilot_perception.pretraining.data.image import PretrainImage
from echopilot_perception.pretraining.recipe.recipe import DataChoice
from echopilot_perception.pretraining.tree.label_tree import LabelTree


@dataclass(frozen=True)
class DataSources:
    """Files below `root` by kind, in order; `fingerprint` changes with any of them, with their labels and the tree."""

    root: Path
    shards: list[Path]
    camus: list[Path]
    echonet: list[Path]  # folders
    mnist: list[Path]
    clips: list[Path]
    fingerprint: str
    reader: FolderReader

    def images(self) -> Iterator[PretrainImage]:
        """Images of all sources; a shard or table that is damaged raises EchoPilotError that names it."""
        for path in self.shards:
            yield from rendered_images(path)
        yield from camus_images(self.camus)
        for folder in self.echonet:
            yield from echonet_images(folder, self.reader)
        for path in self.mnist:
            yield from mnist_images(path, self.reader.tree)
        if self.clips:
            yield from self.reader.images()


def find_sources(root: Path, choice: DataChoice, tree: LabelTree) -> DataSources:
    """What lies below `root`; raises EchoPilotError when it is no folder, or holds nothing that can be read."""
    if not root.is_dir():
        why = "is no folder" if root.exists() else "does not exist"
        raise EchoPilotError(f"{root} {why}; give a folder with --data")
    shards = sorted(p for kind in SHARD_KINDS for p in root.rglob(f"patient_*{kind}") if p.is_file())
    camus, echonet, mnist = camus_files(root), echonet_folders(root), mnist_files(root)
    reader = FolderReader(root, choice, tree, frozenset(folder / "Videos" for folder in echonet))
    clips = reader.clips()
    files = [*shards, *camus, *mnist, *clips]
    for folder in echonet:
        files += [folder / "FileList.csv", *sorted((folder / "Videos").glob("*.avi"))]
    if not files:
        raise EchoPilotError(
            f"{root} holds nothing to learn from; put images, clips or shards of echopilot dataset or train there"
        )
    stats = [(str(path.relative_to(root)), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    told = json.dumps([stats, asdict(choice), tree.sha256]).encode()
    return DataSources(root, shards, camus, echonet, mnist, clips, hashlib.sha256(told).hexdigest(), reader)
