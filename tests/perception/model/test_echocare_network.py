"""The large network answers like the edge one, learns only what it should, and can be folded, kept and exported."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("monai", reason="the training extra is not installed")

from echopilot_core import EchoPilotError  # noqa: E402
from echopilot_perception import grid  # noqa: E402
from echopilot_perception.heads import HEADS  # noqa: E402
from echopilot_perception.model.echocare import EncoderShape, finetune, lora  # noqa: E402
from echopilot_perception.model.echocare.encoder import build_encoder  # noqa: E402
from echopilot_perception.model.echocare.export import export_network, export_onnx  # noqa: E402
from echopilot_perception.model.echocare.network import EchoCareNetwork, Normalisation  # noqa: E402
from echopilot_perception.model.network import build_network  # noqa: E402
from echopilot_perception.runtime.onnx import OnnxRuntime  # noqa: E402
from echopilot_perception.training import DEFAULT_SPEC  # noqa: E402

SMALL_CELLS = 64
Build = Callable[[], EchoCareNetwork]


@pytest.fixture
def build(tiny: EncoderShape) -> Build:
    def make() -> EchoCareNetwork:
        torch.manual_seed(4)
        return EchoCareNetwork(DEFAULT_SPEC, shape=tiny).eval()

    return make


def images(count: int = 2, cells: int = SMALL_CELLS) -> Any:
    return torch.rand(count, 1, cells, cells, generator=torch.Generator().manual_seed(5))


def moved(encoder: Any) -> None:
    """Give the low-rank updates a size that shows."""
    for name, parameter in encoder.named_parameters():
        if name.endswith(".up"):
            torch.nn.init.normal_(parameter, std=0.1)


def test_outputs_are_those_of_the_edge_network(build: Build) -> None:
    image = images(1, grid.IMAGE_CELLS)
    with torch.no_grad():
        large, edge = build()(image), build_network(DEFAULT_SPEC, 0).eval()(image)
    for head, a, b in zip(HEADS, large, edge, strict=True):
        assert bool(torch.isfinite(a).all()), head.name
        if head.name != "embedding":
            assert a.shape == b.shape, head.name
    assert large[0].shape[-1] == grid.CELLS


@pytest.mark.parametrize("normalisation", Normalisation)
def test_gray_begins_as_a_normalised_copy(normalisation: Normalisation, tiny: EncoderShape) -> None:
    network = EchoCareNetwork(DEFAULT_SPEC, shape=tiny, normalisation=normalisation)
    mean, deviation = (torch.tensor(v)[None, :, None, None] for v in normalisation.value)
    with torch.no_grad():
        assert torch.allclose(network.colours(images()), (images() - mean) / deviation, atol=1e-6)


def test_untouched_lora_changes_nothing(tiny: EncoderShape) -> None:
    encoder = build_encoder(tiny).eval()
    image = images().expand(-1, 3, -1, -1)
    with torch.no_grad():
        before = encoder(image)
        lora.adapt(encoder)
        assert all(torch.equal(a, b) for a, b in zip(before, encoder(image), strict=True))


def test_merged_lora_gives_the_same_under_the_old_keys(tiny: EncoderShape) -> None:
    encoder = build_encoder(tiny).eval()
    keys = encoder.state_dict().keys()
    image = images().expand(-1, 3, -1, -1)
    with torch.no_grad():
        plain = encoder(image)
        lora.adapt(encoder)
        moved(encoder)
        adapted = encoder(image)
        lora.merge(encoder)
        merged = encoder(image)
    assert encoder.state_dict().keys() == keys
    assert float((plain[1] - adapted[1]).abs().max()) > 1e-2
    for a, b in zip(adapted, merged, strict=True):
        assert float((a - b).abs().max()) <= 1e-5


def test_lora_is_on_queries_and_values_only(tiny: EncoderShape) -> None:
    encoder = build_encoder(tiny).eval()
    lora.adapt(encoder)
    layer = encoder.layers1[0].blocks[0].attn.qkv
    moved(encoder)
    x = torch.randn(3, tiny.channels, generator=torch.Generator().manual_seed(6))
    with torch.no_grad():
        change = (layer(x) - layer.qkv(x)).abs().amax(dim=0).view(3, tiny.channels)
    assert float(change[0].min()) > 0 and float(change[2].min()) > 0
    assert float(change[1].max()) == 0


def test_lora_learns_as_few_weights_as_published(tiny: EncoderShape) -> None:
    """Two pairs C x r per block; with EchoCare's size and rank 5 that is the 0.24 M of the public fine-tunings."""

    def count(shape: EncoderShape) -> int:
        return 4 * lora.RANK * sum(d * shape.map_channels(k) for k, d in enumerate(shape.depths))

    encoder = build_encoder(tiny)
    lora.adapt(encoder)
    assert lora.trainable(encoder) == count(tiny)
    assert count(EncoderShape()) == 240_640


def test_lora_refuses_what_makes_no_sense(tiny: EncoderShape) -> None:
    encoder = build_encoder(tiny)
    with pytest.raises(EchoPilotError, match="rank 0"):
        lora.adapt(encoder, rank=0)
    lora.adapt(encoder)
    with pytest.raises(EchoPilotError, match="already"):
        lora.adapt(encoder)


def test_training_moves_what_should_learn_and_nothing_else(build: Build) -> None:
    network = build()
    finetune.prepare(network)
    frozen = {n: p.clone() for n, p in network.named_parameters() if not p.requires_grad}
    assert frozen and all(name.startswith("encoder.") for name in frozen)
    groups = finetune.parameter_groups(network, 1e-2, 1e-2)
    assert sum(p.numel() for g in groups for p in g["params"]) == lora.trainable(network)
    assert {g["lr"] for g in groups} == {1e-2, 1e-3}
    optimizer = torch.optim.AdamW(groups)
    image, goal = images(), torch.tensor([0.9, 0.1])
    quality = next(k for k, head in enumerate(HEADS) if head.name == "quality")
    losses = []
    for _ in range(4):
        loss = HEADS[quality].loss(network(image)[quality], {"quality": goal})
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    assert all(torch.equal(p, frozen[n]) for n, p in network.named_parameters() if n in frozen)
    ups = [p for n, p in network.named_parameters() if n.endswith(".up")]
    assert ups and all(float(p.detach().abs().max()) > 0 for p in ups)


def test_made_networks_stand_on_the_file_and_the_seed(tiny: EncoderShape, tmp_path: Path) -> None:
    torch.save(build_encoder(tiny).state_dict(), tmp_path / "file.pth")
    make = finetune.network_maker(tmp_path / "file.pth", shape=tiny)
    first, second, other = (make(DEFAULT_SPEC, seed).eval() for seed in (1, 1, 2))
    weights = [network.state_dict() for network in (first, second, other)]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    frozen = {name for name, p in first.named_parameters() if not p.requires_grad}
    assert frozen and all(torch.equal(weights[0][key], weights[2][key]) for key in frozen)
    drawn = [key for key in weights[0] if key.startswith("decoder.") and key.endswith("conv.weight")]
    assert drawn and not any(torch.equal(weights[0][key], weights[2][key]) for key in drawn)


def test_full_fine_tuning_learns_everything(build: Build) -> None:
    network = build()
    finetune.prepare(network, full=True)
    assert lora.trainable(network) == sum(p.numel() for p in network.parameters())


def test_what_was_learned_comes_back_without_echocares_weights(build: Build) -> None:
    first, second = build(), build()
    for network in (first, second):
        finetune.prepare(network)
    moved(first.encoder)
    state = finetune.learned_state(first)
    assert all(name.endswith((".up", ".down")) for name in state if name.startswith("encoder."))
    finetune.restore(second, state)
    with torch.no_grad():
        assert all(torch.equal(a, b) for a, b in zip(first(images()), second(images()), strict=True))
    other = build()
    finetune.prepare(other, rank=2)
    with pytest.raises(EchoPilotError, match="same rank"):
        finetune.restore(other, state)


def test_the_teacher_answers_by_head_without_gradients(build: Build) -> None:
    network = build().train()
    teach = finetune.make_teacher(network)
    answers = teach(images())
    assert list(answers) == [head.name for head in HEADS]
    assert not any(value.requires_grad for value in answers.values()) and not network.training
    assert all(torch.equal(value, teach(images())[name]) for name, value in answers.items())


def test_the_exported_network_says_the_same_for_any_batch(build: Build, tmp_path: Path) -> None:
    network = build()
    finetune.prepare(network)
    moved(network.encoder)
    image = images(3)
    with torch.no_grad():
        expected = network(image)
    report = export_network(network, tmp_path / "model.onnx", SMALL_CELLS)
    assert report.outputs == tuple(head.name for head in HEADS) and report.max_difference <= 1e-3
    with OnnxRuntime(tmp_path / "model.onnx") as runtime:
        found = runtime.infer(image.numpy())
    for head, value in zip(HEADS, expected, strict=True):
        assert float(np.abs(found[head.name] - value.numpy()).max()) <= 1e-3, head.name
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_an_export_that_differs_is_not_written(tmp_path: Path) -> None:
    class Drifting(torch.nn.Module):
        calls = 0

        def forward(self, x: Any) -> tuple[Any, ...]:
            self.calls += 1
            return (x + float(self.calls),)

    file = tmp_path / "model.onnx"
    file.write_text("old")
    with pytest.raises(EchoPilotError, match="differs"):
        export_onnx(Drifting(), file, images(1), ["y"])
    assert file.read_text() == "old" and [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    with pytest.raises(EchoPilotError, match="folder"):
        export_onnx(Drifting(), tmp_path, images(1), ["y"])
