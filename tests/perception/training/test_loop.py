"""Training repeats, resumes to the same weights, learns, and says in one line what does not fit."""

import os
import tracemalloc
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from tiny import disc_samples, tiny, wide  # noqa: E402

from echopilot_core import EchoPilotError  # noqa: E402
from echopilot_perception.training import DEFAULT_SPEC, Samples, TrainConfig, stack  # noqa: E402
from echopilot_perception.training.batches import epoch_batches, plan  # noqa: E402
from echopilot_perception.training.checkpoint import from_fp16, load, save, to_fp16  # noqa: E402
from echopilot_perception.training.config import CHOICES, share  # noqa: E402
from echopilot_perception.training.distributed import ProcessGroup  # noqa: E402
from echopilot_perception.training.loop import evaluate, train  # noqa: E402

CONFIG = TrainConfig(epochs=3, batch=4, warmup_steps=2, learning_rate=3e-3)


def test_resumed_run_gives_the_same_weights(tmp_path: Path) -> None:
    data = disc_samples(8, seed=4)
    whole = train(data, CONFIG, data, network=tiny)
    train(data, CONFIG, data, folder=tmp_path, stop_after_epochs=1, network=tiny)
    resumed = train(data, CONFIG, data, folder=tmp_path, network=tiny)
    for key, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[key]), key
    assert whole.history == resumed.history


def test_other_config_does_not_resume(tmp_path: Path) -> None:
    data = disc_samples(8, seed=4)
    train(data, CONFIG, folder=tmp_path, stop_after_epochs=1, network=tiny)
    with pytest.raises(EchoPilotError, match=r"config \(epochs differ\)"):
        train(data, replace(CONFIG, epochs=4), folder=tmp_path, network=tiny)


def test_another_machine_resumes(tmp_path: Path) -> None:
    data = disc_samples(8, seed=4)
    train(data, CONFIG, folder=tmp_path, stop_after_epochs=1, network=tiny)
    moved = replace(CONFIG, threads=2, device="cpu", precision="float32")
    assert len(train(data, moved, folder=tmp_path, network=tiny, stop_after_epochs=1).history) == 2
    torch.set_num_threads(1)


def test_shipped_network_learns() -> None:
    data = disc_samples(16, seed=5)
    history = train(data, replace(CONFIG, augmentation=False, epochs=3)).history
    assert history[-1]["train_loss"] < 0.9 * history[0]["train_loss"]


def test_run_ends_when_validation_stops_getting_better() -> None:
    data = disc_samples(8, seed=4)
    other = replace(data, view=np.where(data.view == 1, 5, 1), quality=1 - data.quality)  # learning makes it worse
    config = TrainConfig(
        epochs=40, batch=8, warmup_steps=1, patience=2, ema_decay=0.5, learning_rate=1e-2, augmentation=False
    )
    history = train(data, config, other, network=tiny).history
    losses = [figures["loss"] for figures in history]
    assert len(history) < 40
    assert int(np.argmin(losses)) == len(history) - 3


def test_start_takes_over_weights(tmp_path: Path) -> None:
    data = disc_samples(8, seed=4)
    first = train(data, CONFIG, data, network=tiny)
    save(tmp_path / "checkpoint.pt", to_fp16(first.state))
    config = replace(CONFIG, learning_rate=1e-9, ema_decay=0.01)
    second = train(data, config, data, start=tmp_path / "checkpoint.pt", network=tiny, stop_after_epochs=1)
    for key, value in first.network.named_parameters():
        assert torch.allclose(value, second.network.get_parameter(key), rtol=2e-3, atol=1e-4), key


def test_start_from_another_network_names_what_differs(tmp_path: Path) -> None:
    data = disc_samples(8, seed=4)
    save(tmp_path / "checkpoint.pt", to_fp16(train(data, CONFIG, network=wide, stop_after_epochs=1).state))
    with pytest.raises(EchoPilotError, match=r"in another size .* first body"):
        train(data, CONFIG, start=tmp_path / "checkpoint.pt", network=tiny)


def test_start_may_differ_when_asked(tmp_path: Path) -> None:
    data = disc_samples(8, seed=4)
    state = train(data, CONFIG, network=tiny, stop_after_epochs=1).state
    del state["best"]["heads.view.layer.weight"]
    save(tmp_path / "checkpoint.pt", to_fp16(state))
    missing: list[str] = []

    def tolerant(network: torch.nn.Module, weights: dict[str, torch.Tensor]) -> None:
        missing.extend(network.load_state_dict(weights, strict=False)[0])

    train(data, CONFIG, start=tmp_path / "checkpoint.pt", load=tolerant, network=tiny, stop_after_epochs=1)
    assert missing == ["heads.view.layer.weight"]


def test_half_checkpoint_keeps_best_weights_within_fp16() -> None:
    state = train(disc_samples(8, seed=6), CONFIG, network=tiny, stop_after_epochs=1).state
    half = to_fp16(state)
    back = from_fp16(half)
    assert not {"network", "average", "moments"} & set(half)
    for key, value in state["best"].items():
        if value.is_floating_point():
            assert torch.allclose(value, back["best"][key], rtol=2e-3, atol=1e-4), key


def test_damaged_checkpoint_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "last.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(EchoPilotError, match="cannot be read"):
        load(tmp_path / "last.pt")


def test_empty_data_set_is_refused() -> None:
    with pytest.raises(EchoPilotError, match="no sample"):
        stack([])


@pytest.mark.parametrize("name", sorted(CHOICES))
def test_unknown_choice_lists_the_valid_ones(name: str) -> None:
    with pytest.raises(EchoPilotError, match=f"{name} is one of {', '.join(CHOICES[name])}"):
        TrainConfig(**{name: "best"})


def test_groups_choose_what_learns_and_how_fast() -> None:
    data = disc_samples(8, seed=4)

    def groups(network: torch.nn.Module, learning_rate: float, weight_decay: float) -> list[dict[str, object]]:
        network.body.requires_grad_(False)
        return [
            {"params": list(network.features.parameters()), "lr_scale": 1e-6, "weight_decay": 0.0},
            {"params": list(network.heads.parameters())},
        ]

    before = tiny(DEFAULT_SPEC, CONFIG.seed).state_dict()
    trained = train(data, replace(CONFIG, ema_decay=0.01), network=tiny, groups=groups, stop_after_epochs=2)
    moved = {k: float((v.detach() - before[k]).abs().max()) for k, v in trained.network.named_parameters()}
    assert max(v for k, v in moved.items() if k.startswith("body")) == 0.0
    assert max(v for k, v in moved.items() if k.startswith("features")) < 1e-7
    assert min(v for k, v in moved.items() if k.startswith("heads.segmentation")) > 1e-5


@pytest.mark.parametrize("kind", CHOICES["schedule"])
def test_rate_rises_then_falls_to_one_percent(kind: str) -> None:
    rates = [share(kind, step, 10, 100) for step in range(101)]
    assert rates[9] == pytest.approx(1.0) and rates[100] == pytest.approx(0.01)
    assert np.all(np.diff(rates[:10]) > 0) and np.all(np.diff(rates[10:]) < 0)


def test_half_precision_with_scaled_gradients_stays_close_to_float32() -> None:
    data = disc_samples(8, seed=4)
    config = replace(CONFIG, augmentation=False)
    exact, half = (
        train(data, replace(config, precision=p), network=tiny).history[-1]["loss"] for p in ("float32", "float16")
    )
    assert half == pytest.approx(exact, rel=0.02)


def test_unlabeled_images_train_and_validate() -> None:
    known = disc_samples(8, seed=4)
    data = replace(known, labels=np.full_like(known.labels, 255), view=np.full_like(known.view, -1))
    assert np.isfinite(train(data, CONFIG, data, network=tiny, stop_after_epochs=1).history[-1]["loss"])


def test_nothing_copies_the_whole_set(tmp_path: Path) -> None:
    """A memory-mapped set is trained on and validated with a small part of its size in memory."""
    few, times = disc_samples(8, seed=4), 20
    columns = {}
    for f in fields(Samples):
        part = getattr(few, f.name)
        whole = np.lib.format.open_memmap(
            tmp_path / f"{f.name}.npy", "w+", part.dtype, (len(part) * times, *part.shape[1:])
        )
        for at in range(times):
            whole[at * len(part) : (at + 1) * len(part)] = part
        columns[f.name] = whole
    data = Samples(**columns)
    size = sum(column.nbytes for column in columns.values())
    config = replace(CONFIG, batch=4, augmentation=False)
    cut = plan(len(data), config, ProcessGroup())
    tracemalloc.start()
    for _ in epoch_batches(data, 0, cut, config, ProcessGroup(), 1):
        pass
    evaluate(tiny(DEFAULT_SPEC, 1), data, 16)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert cut.steps == len(data) // 4
    assert peak < 0.4 * size, (peak, size)


def test_batches_do_not_depend_on_the_number_of_workers() -> None:
    data, cut = disc_samples(16, seed=4), plan(16, CONFIG, ProcessGroup())
    one, many = (list(epoch_batches(data, 3, cut, CONFIG, ProcessGroup(), workers)) for workers in (1, 4))
    for a, b in zip(one, many, strict=True):
        assert all(torch.equal(a[0][name].nan_to_num(), b[0][name].nan_to_num()) for name in a[0])


def test_shares_of_processes_make_up_the_batch() -> None:
    data = disc_samples(16, seed=4)
    config = replace(CONFIG, augmentation=False)
    whole = list(epoch_batches(data, 0, plan(16, config, ProcessGroup()), config, ProcessGroup(), 1))
    halves = [
        list(epoch_batches(data, 0, plan(16, config, ProcessGroup(rank, 2)), config, ProcessGroup(rank, 2), 1))
        for rank in (0, 1)
    ]
    for i, batch in enumerate(whole):
        assert torch.equal(batch[0]["image"], torch.cat([half[i][0]["image"] for half in halves]))


def test_a_batch_that_cannot_be_split_is_refused() -> None:
    with pytest.raises(EchoPilotError, match="multiple of 3"):
        plan(100, CONFIG, ProcessGroup(0, 3))


def test_tensorboard_gets_curves_and_images(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="the training extra is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    data = disc_samples(8, seed=4)
    history = train(data, CONFIG, data, folder=tmp_path, network=tiny).history
    events = EventAccumulator(os.fspath(tmp_path / "board"))
    events.Reload()
    assert [e.value for e in events.Scalars("epoch/loss")] == pytest.approx([h["loss"] for h in history])
    assert {"step/loss", "step/learning_rate", "step/view"} <= set(events.Tags()["scalars"])
    assert len(events.Images("images")) == 3
