"""The guarded model folder, and what `see` promises."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from synthetic import frame_of, phased_geometry

from echopilot_core import EchoPilotError, SegmentationClass, View
from echopilot_perception.model import SHIPPED, read_manifest
from echopilot_perception.pipeline import Perception


@pytest.mark.parametrize("name", ["model.onnx", "ood.npz"])
def test_changed_file_is_refused(tiny_model: Path, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(bytes(data))
    with pytest.raises(EchoPilotError, match="SHA-256"):
        read_manifest(folder)
    (folder / name).unlink()
    with pytest.raises(EchoPilotError, match="missing"):
        read_manifest(folder)


@pytest.mark.parametrize("text", ["", "just words", "name: x\n", "guidance: 5\n", "{", "a: [1, 2\n"])
def test_broken_description_is_refused(tiny_model: Path, tmp_path: Path, text: str) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    (folder / "model.yaml").write_text(text)
    with pytest.raises(EchoPilotError) as caught:
        read_manifest(folder)
    assert "\n" not in str(caught.value)


def test_sizes_and_card(tiny_model: Path) -> None:
    assert (tiny_model / "model.onnx").stat().st_size <= 10_000_000
    assert (tiny_model / "checkpoint.pt").stat().st_size <= 5_000_000
    card = (tiny_model / "MODEL_CARD.md").read_text()
    assert read_manifest(tiny_model).sha256 in card and "not a medical device" in card


def test_the_result_keeps_stamp_and_sequence_and_sums_to_one(tiny_model: Path) -> None:
    perception = Perception(tiny_model)
    rng = np.random.default_rng(1)
    frame = frame_of(rng.integers(0, 255, (512, 512)).astype(np.uint8), phased_geometry(0.0003125, 255.5, 0.0))
    result = perception.see(frame)
    assert (result.stamp_ns, result.sequence, result.geometry) == (frame.stamp_ns, frame.sequence, frame.geometry)
    assert result.view_probability.sum() == pytest.approx(1.0, abs=1e-9) and len(result.view_probability) == len(View)
    assert 0 <= result.quality <= 1 and 0 <= result.ood_score <= 1
    assert result.coupling.shape == (16,) and ((result.coupling >= 0) & (result.coupling <= 1)).all()
    assert result.label_map.labels.shape == (128, 128) and result.label_map.labels.max() < len(SegmentationClass)
    assert {g.view for g in result.guidance} == set(View) - {View.NONE}
    assert all((g.sigma > 0).all() and np.isfinite(g.relative_pose_twist).all() for g in result.guidance)
    assert result.model_sha256 == perception.manifest.sha256 and result.latency_s > 0
    assert all(m.frame_sequences == (frame.sequence,) for m in result.measurements)
    again = perception.see(frame)
    assert np.array_equal(result.label_map.labels, again.label_map.labels)
    assert np.array_equal(result.guidance[0].relative_pose_twist, again.guidance[0].relative_pose_twist)
    for extent in result.extents:
        assert abs(extent.centroid_x_m) <= 0.08 and 0 <= extent.centroid_y_m <= 0.16 and extent.sigma_m2 > 0


def test_black_image_has_no_quality(tiny_model: Path) -> None:
    result = Perception(tiny_model).see(frame_of(np.zeros((256, 256), np.uint8), phased_geometry(0.0006, 127.5, 0.0)))
    assert result.quality == 0 and result.view == View.NONE and not result.extents and result.ood_score == 1


@pytest.mark.skipif(not (SHIPPED / "model.yaml").exists(), reason="no trained model in this checkout")
def test_shipped_model_loads_and_its_hash_holds() -> None:
    manifest = read_manifest()
    assert manifest.sha256 in (SHIPPED / "MODEL_CARD.md").read_text()
    Perception().close()


def test_a_card_names_no_folder_of_the_machine_it_was_made_on() -> None:
    pytest.importorskip("torch", reason="the training extra is not installed")
    from echopilot_perception.model.model_card import without_folders

    assert (
        without_folders("/tmp/work/quick.pt, 1/2 of https://example.org/a/b")
        == "quick.pt, 1/2 of https://example.org/a/b"
    )
