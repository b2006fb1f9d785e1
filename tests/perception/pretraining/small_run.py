"""Images, an encoder and recipes so small that a run takes a blink."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from echopilot_perception.pretraining.data.image import PretrainImage, SectorShape
from echopilot_perception.pretraining.data.store import ImageStore, open_store, write_store
from echopilot_perception.pretraining.recipe.recipe import PretrainRecipe, TrainingStage
from echopilot_perception.pretraining.tree.label_tree import read_tree
from echopilot_perception.pretraining.tree.targets import ImageLabel

FAN = SectorShape(False, 0.0, 0.7)
LABELS = (
    ImageLabel(("thorax/heart/A4C/effusion", "abdomen/liver")),
    ImageLabel(("thorax/heart/PLAX",)),
    ImageLabel(("abdomen/abdominal_aorta/AORTA_TRANS",)),
    ImageLabel(),
)


def fan_images(count: int, seed: int = 1) -> Iterator[PretrainImage]:
    """Noise in a fan with a dark disc, higher up or lower down by kind."""
    rng = np.random.default_rng(seed)
    rows, columns = (np.mgrid[:256, :256] + 0.5) / 256
    inside = (np.abs(np.arctan2(columns - 0.5, rows)) < FAN.half) & (np.hypot(columns - 0.5, rows) < 1.0)
    for k in range(count):
        kind = k % len(LABELS)
        image = (rng.integers(60, 200, (256, 256)) * inside).astype(np.uint8)
        image[np.hypot(columns - 0.5 + rng.normal(0, 0.02), rows - 0.3 - 0.15 * kind) < 0.1] = 8
        yield PretrainImage(image, FAN, f"clip{k // 2}", LABELS[kind])


def small_store(folder: Path, count: int = 16) -> ImageStore:
    """A store of such images, made once."""
    return open_store(folder) if folder.exists() else write_store(folder, fan_images(count), read_tree(), "made", [])


RECIPE = PretrainRecipe(
    stages=(
        TrainingStage(1, 64, (0.4, 0.5)),
        TrainingStage(1, 64, (0.5, 0.5), (0.5, 0.5), tree=(0.5, 0.5), contrast=(0.2, 0.2)),
    ),
    across=4,
    batch=8,
    warmup_steps=1,
    device="cpu",
    precision="float32",
)
LATENT = replace(RECIPE, target="latent")
