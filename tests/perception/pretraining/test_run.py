"""A run goes on where it was stopped with the same weights, learns, and ends in one line where it cannot."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from rich.console import Console  # noqa: E402
from small_run import FAN, LATENT, RECIPE, fan_images, small_store  # noqa: E402

from echopilot_core import EchoPilotError, WriteError  # noqa: E402
from echopilot_perception.pretraining.data.image import PretrainImage  # noqa: E402
from echopilot_perception.pretraining.data.store import ImageStore, open_store, write_store  # noqa: E402
from echopilot_perception.pretraining.encoders.build import build_pretrain_encoder  # noqa: E402
from echopilot_perception.pretraining.encoders.choice import EncoderChoice  # noqa: E402
from echopilot_perception.pretraining.encoders.saved import read_encoder_file, save_encoder  # noqa: E402
from echopilot_perception.pretraining.losses.masked import CellLoss  # noqa: E402
from echopilot_perception.pretraining.recipe.recipe import PretrainRecipe, TrainingStage  # noqa: E402
from echopilot_perception.pretraining.run import loop, objective  # noqa: E402
from echopilot_perception.pretraining.run.loop import PretrainResult, pretrain  # noqa: E402
from echopilot_perception.pretraining.tree.label_tree import read_tree  # noqa: E402
from echopilot_perception.pretraining.tree.targets import ImageLabel  # noqa: E402

QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ImageStore:
    return small_store(tmp_path_factory.mktemp("pretrain") / "images")


@pytest.fixture(scope="module")
def whole(store: ImageStore, tmp_path_factory: pytest.TempPathFactory) -> PretrainResult:
    """A run without a stop."""
    return run(store, tmp_path_factory.mktemp("whole"))


def run(
    store: ImageStore, folder: Path, recipe: PretrainRecipe = RECIPE, stop: int | None = None, start: Path | None = None
) -> PretrainResult:
    return pretrain(store, read_tree(), recipe, folder, QUIET, start, stop)


def test_a_run_in_pieces_ends_with_the_weights_of_one_without_a_stop(
    whole: PretrainResult, store: ImageStore, tmp_path: Path
) -> None:
    first = run(store, tmp_path, stop=3)
    assert not first.finished and first.state.step == 3
    second = run(store, tmp_path)
    assert second.finished and second.state.curve == whole.state.curve and len(whole.state.curve) == whole.steps == 4
    for one, other in ((whole.state.model, second.state.model), (whole.state.teacher, second.state.teacher)):
        assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(),
                                                     strict=True))  # fmt: skip


def test_losses_join_with_their_stage(whole: PretrainResult) -> None:
    curve = whole.state.curve
    assert set(curve[0]) == {"reconstruction", "rank", "loss"}
    assert set(curve[2]) == {"reconstruction", "rank", "tree", "contrast", "loss"}


def test_the_loss_falls(store: ImageStore, tmp_path: Path) -> None:
    stage = TrainingStage(8, 64, (0.5, 0.5), tree=(0.5, 0.5), contrast=(0.2, 0.2))
    recipe = replace(RECIPE, stages=(stage,), augmentation=False, learning_rate=3e-3)
    curve = run(store, tmp_path, recipe).state.curve
    for name in ("reconstruction", "tree"):
        assert np.mean([c[name] for c in curve[-4:]]) < 0.8 * np.mean([c[name] for c in curve[:2]]), name


def test_the_encoder_that_is_written_has_the_names_of_the_edge_network_and_begins_another_run(
    store: ImageStore, tmp_path: Path
) -> None:
    from echopilot_perception.model.network import EdgeBackbone

    run(store, tmp_path / "first", stop=1)
    name, weights = read_encoder_file(tmp_path / "first" / "encoder.pth")
    token = weights.pop("mask_token")
    EdgeBackbone().load_state_dict(weights, strict=True)
    assert name == "edge" and token.numel() == 1
    begun = run(store, tmp_path / "second", stop=0, start=tmp_path / "first" / "encoder.pth")
    again = begun.state.model.encoder.weights()
    assert all(torch.equal(value, again[key]) for key, value in weights.items())


def test_echocares_layout_is_continued_with_low_rank_updates_and_goes_on(store: ImageStore, tmp_path: Path) -> None:
    pytest.importorskip("monai", reason="the training extra is not installed")
    size = EncoderChoice("swin", 8, (1, 1, 1, 1), (1, 2, 4, 8))
    save_encoder(tmp_path / "theirs.pth", build_pretrain_encoder(size, 7))
    recipe = replace(RECIPE, encoder=replace(size, lora_rank=2), learning_rate=1e-2)
    whole = run(store, tmp_path / "whole", recipe, stop=2, start=tmp_path / "theirs.pth")
    run(store, tmp_path / "pieces", recipe, stop=1, start=tmp_path / "theirs.pth")
    assert run(store, tmp_path / "pieces", recipe, stop=1).state.curve == whole.state.curve
    given, learned = (read_encoder_file(tmp_path / name)[1] for name in ("theirs.pth", "whole/encoder.pth"))
    changed = {key for key, value in learned.items() if not torch.equal(value, given[key])}
    assert changed and all("attn.qkv.weight" in key or key == "mask_token" for key in changed)


def test_a_signal_ends_the_run_after_the_step_and_it_goes_on(
    whole: PretrainResult, store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    stepped = loop.PretrainStepper.step

    def step(self: loop.PretrainStepper, parts: list[object]) -> dict[str, float]:
        if self.run.step == 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return stepped(self, parts)  # type: ignore[arg-type]

    monkeypatch.setattr(loop.PretrainStepper, "step", step)
    stopped = run(store, tmp_path / "run")
    assert not stopped.finished and stopped.state.step == 2 and signal.getsignal(signal.SIGTERM) == before
    monkeypatch.undo()
    assert run(store, tmp_path / "run").state.curve == whole.state.curve


def test_half_of_a_newer_state_beside_the_last_does_not_matter(store: ImageStore, tmp_path: Path) -> None:
    """A kill while saving leaves it."""
    run(store, tmp_path, stop=2)
    (tmp_path / "last.partial").write_bytes(b"half")
    assert run(store, tmp_path, stop=1).state.step == 3


def test_a_latent_target_goes_on_as_well_and_learns_from_the_teacher(store: ImageStore, tmp_path: Path) -> None:
    whole = run(store, tmp_path / "whole", LATENT, stop=2)
    run(store, tmp_path / "pieces", LATENT, stop=1)
    assert run(store, tmp_path / "pieces", LATENT, stop=1).state.curve == whole.state.curve
    assert whole.state.curve[0]["reconstruction"] > 0.0


@pytest.mark.parametrize("change", [{"batch": 4}, {"seed": 9}, {"target": "latent"}])
def test_another_recipe_does_not_go_on_with_a_run(change: dict[str, object], store: ImageStore, tmp_path: Path) -> None:
    run(store, tmp_path, stop=1)
    with pytest.raises(EchoPilotError, match=f"differs in {next(iter(change))}; give another --out"):
        run(store, tmp_path, replace(RECIPE, **change))  # type: ignore[arg-type]


def test_other_data_does_not_go_on_with_a_run(store: ImageStore, tmp_path: Path) -> None:
    run(store, tmp_path, stop=1)
    with pytest.raises(EchoPilotError, match="differs in images; give another --out"):
        run(replace(store, fingerprint="other"), tmp_path)


@pytest.mark.parametrize("content", [b"", b"half", "table"])
def test_a_damaged_state_is_refused_in_one_line(content: bytes | str, store: ImageStore, tmp_path: Path) -> None:
    if content == "table":
        torch.save({"step": 1}, tmp_path / "last.pt")
    else:
        (tmp_path / "last.pt").write_bytes(content)  # type: ignore[arg-type]
    with pytest.raises(EchoPilotError) as error:
        run(store, tmp_path)
    assert "\n" not in str(error.value)


def test_a_full_disk_is_one_line_and_keeps_the_state_before(store: ImageStore, tmp_path: Path) -> None:
    run(store, tmp_path, stop=1)
    (tmp_path / "last.partial").symlink_to("/dev/full")
    with pytest.raises(WriteError, match=r"last.pt cannot be written: ") as error:
        run(store, tmp_path, stop=1)
    assert "\n" not in str(error.value)
    (tmp_path / "last.partial").unlink()
    assert run(store, tmp_path, stop=0).state.step == 1


def test_where_all_labels_are_the_same_images_are_told_apart_without_them(tmp_path: Path) -> None:
    images = [replace(image, label=ImageLabel(("abdomen/liver",))) for image in fan_images(8)]
    one_class = write_store(tmp_path / "images", images, read_tree(), "made", [])
    console = Console(record=True, width=400, force_terminal=False)
    result = pretrain(one_class, read_tree(), RECIPE, tmp_path / "run", console)
    assert "all labels are the same" in console.export_text()
    assert result.finished and result.state.curve[-1]["tree"] == 0.0 and result.state.curve[-1]["contrast"] > 0.0


def test_too_few_images_are_refused_in_one_line(tmp_path: Path) -> None:
    lonely = write_store(tmp_path / "images", fan_images(1), read_tree(), "made", [])
    with pytest.raises(EchoPilotError, match="1 images are too few to learn from; at least 2"):
        run(lonely, tmp_path / "run")


def test_a_loss_that_is_not_finite_is_refused_and_nothing_is_saved(
    store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(output: torch.Tensor, *_: object) -> CellLoss:
        return CellLoss(output.sum() * torch.nan, torch.zeros(len(output), 16))

    monkeypatch.setattr(objective, "masked_l1", lost)
    with pytest.raises(EchoPilotError, match="not finite at step 0; lower learning_rate"):
        run(store, tmp_path)
    assert not (tmp_path / "last.pt").exists()


def test_no_image_black_images_and_images_of_another_kind(tmp_path: Path) -> None:
    def black() -> Iterator[PretrainImage]:
        yield PretrainImage(np.zeros((256, 256), np.uint8), FAN, "a")

    with pytest.raises(EchoPilotError, match="no image to learn from"):
        write_store(tmp_path / "a", [], read_tree(), "", [])
    with pytest.raises(EchoPilotError, match="no image to learn from; 1 images are black"):
        write_store(tmp_path / "b", black(), read_tree(), "", [])
    bad = PretrainImage(np.full((256, 256), np.nan), FAN, "nan.npz")
    with pytest.raises(EchoPilotError, match=r"nan.npz: an image of \(256, 256\) float64"):
        write_store(tmp_path / "c", [bad], read_tree(), "", [])
    nowhere = PretrainImage(np.full((256, 256), 9, np.uint8), replace(FAN, half=np.nan), "odd.dcm")
    with pytest.raises(EchoPilotError, match=r"odd.dcm: a sector of .* is none of a probe"):
        write_store(tmp_path / "d", [nowhere], read_tree(), "", [])
    assert not any((tmp_path / name / "store.json").exists() for name in "abcd")


def test_a_store_that_could_not_be_finished_leaves_the_one_before(tmp_path: Path) -> None:
    write_store(tmp_path, fan_images(2), read_tree(), "first", [])

    def broken() -> Iterator[PretrainImage]:
        yield from fan_images(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_store(tmp_path, broken(), read_tree(), "second", [])
    assert open_store(tmp_path).fingerprint == "first" and len(list(tmp_path.iterdir())) == 5
    assert len(write_store(tmp_path, fan_images(3), read_tree(), "second", [])) == 3


def test_a_damaged_store_is_refused(tmp_path: Path) -> None:
    write_store(tmp_path / "images", fan_images(2), read_tree(), "made", [])
    with (tmp_path / "images" / "images.u8").open("ab") as file:
        file.write(b"x")
    with pytest.raises(EchoPilotError, match="is damaged"):
        open_store(tmp_path / "images")
