"""Training repeats, resumes to the same weights, learns, and survives the small checkpoint."""

from pathlib import Path

import numpy as np
import pytest
from synthetic import ring_samples

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from echopilot_core import EchoPilotError  # noqa: E402
from echopilot_perception.training import TrainConfig, stack  # noqa: E402
from echopilot_perception.training.augment import augment  # noqa: E402
from echopilot_perception.training.checkpoint import from_half, load, to_half  # noqa: E402
from echopilot_perception.training.loop import train  # noqa: E402

CONFIG = TrainConfig(epochs=3, batch=8, warmup_steps=2, learning_rate=3e-3)


def test_resumed_run_gives_the_same_weights(tmp_path: Path) -> None:
    data = ring_samples(16, seed=4)
    whole = train(data, CONFIG, data)
    train(data, CONFIG, data, folder=tmp_path, stop_after_epochs=1)
    resumed = train(data, CONFIG, data, folder=tmp_path)
    for key, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[key]), key
    assert whole.history == resumed.history


def test_other_config_does_not_resume(tmp_path: Path) -> None:
    data = ring_samples(8, seed=4)
    train(data, CONFIG, data, folder=tmp_path, stop_after_epochs=1)
    with pytest.raises(EchoPilotError, match="config"):
        train(data, TrainConfig(epochs=4, batch=8), data, folder=tmp_path)


def test_loss_falls() -> None:
    data = ring_samples(48, seed=5)
    history = train(
        data, TrainConfig(epochs=3, batch=8, warmup_steps=2, learning_rate=3e-3, augmentation=False), data
    ).history
    assert history[-1]["train_loss"] < 0.8 * history[0]["train_loss"]


def test_half_checkpoint_keeps_state_within_fp16() -> None:
    data = ring_samples(8, seed=6)
    state = train(data, TrainConfig(epochs=1, batch=8), data).state
    back = from_half(to_half(state))
    for group in ("network", "average"):
        for key, value in state[group].items():
            if value.is_floating_point():
                assert torch.allclose(value, back[group][key], rtol=2e-3, atol=1e-4), key
    for k, moment in state["moments"].items():
        root, again = moment["exp_avg_sq"].sqrt(), back["moments"][k]["exp_avg_sq"].sqrt()
        assert torch.allclose(root, again, rtol=2e-3, atol=1e-6)


def test_damaged_checkpoint_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "last.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(EchoPilotError, match="cannot be read"):
        load(tmp_path / "last.pt")


def test_empty_data_set_is_refused() -> None:
    with pytest.raises(EchoPilotError, match="no sample"):
        stack([])


def test_augmentation_moves_nothing() -> None:
    """A disc stays where it is: its brightness centroid moves by less than a cell, and there is no flip."""
    rows, columns = np.mgrid[:128, :128]
    disc = np.where(np.hypot(columns - 40, rows - 50) < 9, 0.8, 0.05).astype(np.float32)
    image = torch.from_numpy(disc)[None, None].repeat(24, 1, 1, 1)
    labels = torch.zeros(24, 128, 128, dtype=torch.uint8)
    changed, _ = augment(image, labels, torch.Generator().manual_seed(9))
    assert float(changed.min()) >= 0 and float(changed.max()) <= 1
    window = changed[:, 0, 35:66, 25:56].numpy()
    mirrored = changed[:, 0, 35:66, 72:103].numpy()
    assert (window.mean(axis=(1, 2)) > mirrored.mean(axis=(1, 2))).mean() > 0.9
