"""Rendered shards become images whose label tells all that their truth knows, and damaged ones are named."""

import io
import json
import tarfile
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echopilot_core import EchoPilotError, SegmentationClass, View
from echopilot_lab.datasets.shard import ShardPlan, write_shard
from echopilot_lab.pretraining.rendered import rendered_images
from echopilot_perception.pretraining.tree.label_tree import read_tree
from echopilot_perception.pretraining.tree.targets import targets_of
from echopilot_perception.training.samples import Sample, Samples, stack

SEED = 600_123


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shard") / "patient_0600123.tar"
    write_shard(path, ShardPlan(SEED, (View.A4C,), 2, 96))
    return path


def hand_made() -> Samples:
    labels = np.zeros((128, 128), np.uint8)
    labels[20:60, 20:60] = SegmentationClass.AO_LUMEN
    image = np.full((256, 256), 40, np.uint8)
    disease = np.zeros((64, 64), np.uint8)
    disease[:4, :4] = 1  # thrombus
    return stack(
        [
            Sample(image, labels, view=int(View.AORTA_TRANS), disease=disease),
            Sample(image, np.zeros_like(labels), view=int(View.NONE), disease=0 * disease),
        ]
    )


def save(path: Path, samples: Samples, **changed: Any) -> Path:
    np.savez(path, **{f.name: getattr(samples, f.name) for f in fields(samples)} | changed)
    return path


def test_a_shard_of_a_data_set_knows_organ_view_and_phase(shard: Path) -> None:
    tree = read_tree()
    for image in rendered_images(shard):
        targets = targets_of(image.label, tree)
        assert targets[tree.node("thorax/heart")] == 1 and targets[tree.node("head_and_neck/thyroid")] == 0
        shown = [path for path in image.label.paths if path.startswith("thorax/heart/")]
        assert shown and image.sector.half == pytest.approx(np.pi / 4) and image.image.shape == (256, 256)
        view = shown[0].split("/")[2]
        phases = [targets[tree.node(f"thorax/heart/{view}/{name}")] for name in ("systole", "diastole")]
        assert sorted(phases) == [0, 1]
        assert image.image.mean() > 3 and image.source == shard.stem


def test_a_training_shard_knows_what_its_targets_know(tmp_path: Path) -> None:
    tree = read_tree()
    aorta, nothing = rendered_images(save(tmp_path / "patient_000001.npz", hand_made()))
    targets = targets_of(aorta.label, tree)
    path = "abdomen/abdominal_aorta/AORTA_TRANS"
    found = {name: int(targets[tree.node(f"{path}/{name}")]) for name in ("thrombus", "dissection", "aneurysm")}
    assert found == {"thrombus": 1, "dissection": 0, "aneurysm": -1}
    assert nothing.label.paths == ()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("image", np.full((2, 256, 256), np.nan, np.float32), r"image is \(2, 256, 256\) float32"),
        ("image", np.zeros((2, 64, 64), np.uint8), r"image is \(2, 64, 64\) uint8"),
        ("labels", np.zeros((2, 64, 64), np.uint8), r"labels is \(2, 64, 64\) uint8"),
        ("view", np.array([99, 1]), "view 99 does not exist"),
        ("view", np.array([1]), "is damaged"),
    ],
)
def test_a_training_shard_of_other_arrays_is_refused_by_name(
    field: str, value: Any, words: str, tmp_path: Path
) -> None:
    path = save(tmp_path / "patient_000001.npz", hand_made(), **{field: value})
    with pytest.raises(EchoPilotError, match=words) as error:
        list(rendered_images(path))
    assert path.name in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "change",
    [
        {"nearest_view": "A9C"},
        {"pixel_m": 0.0},
        {"pixel_m": "wide"},
        {"probe": None},
        {"origin_m": [1]},
        {"lv_volume_m3": "much"},
    ],
)
def test_a_truth_that_is_incomplete_is_named(change: dict[str, Any], shard: Path, tmp_path: Path) -> None:
    broken = tmp_path / "patient_0000001.tar"
    with tarfile.open(shard) as old, tarfile.open(broken, "w", format=tarfile.USTAR_FORMAT) as new:
        for member in old:
            file = old.extractfile(member)
            assert file is not None
            content = file.read()
            if member.name.endswith(".json"):
                content = json.dumps(json.loads(content) | change).encode()
            copy = tarfile.TarInfo(member.name)
            copy.size = len(content)
            new.addfile(copy, io.BytesIO(content))
    with pytest.raises(EchoPilotError) as error:
        list(rendered_images(broken))
    assert "patient_0000001.tar" in str(error.value) and "\n" not in str(error.value)


def test_samples_of_an_unknown_view_say_nothing_of_views(tmp_path: Path) -> None:
    samples = replace(hand_made(), view=np.array([-1, -1]))
    image = next(rendered_images(save(tmp_path / "patient_000001.npz", samples)))
    tree = read_tree()
    assert (targets_of(image.label, tree)[tree.levels == 2] == 1).sum() == 0
