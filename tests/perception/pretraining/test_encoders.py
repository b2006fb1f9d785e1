"""Encoders see nothing of what is masked, and their files have the names that other programs load."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from echopilot_core import EchoPilotError  # noqa: E402
from echopilot_perception.pretraining.encoders.build import build_pretrain_encoder  # noqa: E402
from echopilot_perception.pretraining.encoders.choice import EncoderChoice  # noqa: E402
from echopilot_perception.pretraining.encoders.interface import PretrainEncoder  # noqa: E402
from echopilot_perception.pretraining.encoders.saved import load_into, read_encoder_file, save_encoder  # noqa: E402

EDGE = EncoderChoice()
SWIN = EncoderChoice("swin", 8, (1, 1, 1, 1), (1, 2, 4, 8))


@pytest.fixture(params=["edge", "swin"])
def encoder(request: pytest.FixtureRequest) -> PretrainEncoder:
    if request.param == "swin":
        pytest.importorskip("monai", reason="the training extra is not installed")
        return build_pretrain_encoder(SWIN, 1)
    return build_pretrain_encoder(EDGE, 1)


def test_shapes_are_those_that_it_tells(encoder: PretrainEncoder) -> None:
    for size in (64, 128):
        encoded = encoder.encode(torch.rand(2, 1, size, size))
        assert encoded.dense.shape == (2, encoder.dense_channels, size // 4, size // 4)
        assert encoded.features.shape == (2, encoder.feature_count)


def test_what_is_hidden_changes_nothing_and_what_is_seen_does(encoder: PretrainEncoder) -> None:
    encoder.eval()
    image, hidden = torch.rand(1, 1, 64, 64), torch.zeros(1, 32, 32, dtype=torch.bool)
    hidden[0, 8:16, 4:20] = True
    changed, seen = image.clone(), image.clone()
    changed[0, 0, 16:32, 8:40] = torch.rand(16, 32)
    seen[0, 0, 40:48, 8:40] = 0.0
    with torch.no_grad():
        one, same, other = (encoder.encode(i, hidden) for i in (image, changed, seen))
    assert torch.equal(one.dense, same.dense) and torch.equal(one.features, same.features)
    assert not torch.equal(one.dense, other.dense)


def test_the_token_learns_where_something_is_hidden(encoder: PretrainEncoder) -> None:
    hidden = torch.zeros(2, 32, 32, dtype=torch.bool)
    hidden[:, 8:16, 4:20] = True
    encoder.encode(torch.rand(2, 1, 64, 64), hidden).dense.square().sum().backward()
    token = dict(encoder.named_parameters())["mask_token"]
    assert token.grad is not None and token.grad.abs().sum() > 0.0


def test_a_saved_encoder_is_read_back_exactly(encoder: PretrainEncoder, tmp_path: Path) -> None:
    save_encoder(tmp_path / "encoder.pth", encoder)
    name, weights = read_encoder_file(tmp_path / "encoder.pth")
    other = build_pretrain_encoder(EDGE if name == "edge" else SWIN, 2)
    load_into(other, tmp_path / "encoder.pth")
    assert all(torch.equal(value, other.weights()[key]) for key, value in weights.items())


def test_a_file_of_another_encoder_is_refused_and_nothing_is_loaded(tmp_path: Path) -> None:
    pytest.importorskip("monai", reason="the training extra is not installed")
    edge, swin = build_pretrain_encoder(EDGE, 1), build_pretrain_encoder(SWIN, 1)
    save_encoder(tmp_path / "encoder.pth", swin)
    before = {key: value.clone() for key, value in edge.weights().items()}
    with pytest.raises(EchoPilotError, match=r"encoder.pth does not fit this encoder: \d+ of \d+ tensors differ"):
        load_into(edge, tmp_path / "encoder.pth")
    assert all(torch.equal(value, before[key]) for key, value in edge.weights().items())


def test_weights_that_are_not_finite_and_other_files_are_refused(tmp_path: Path) -> None:
    edge = build_pretrain_encoder(EDGE, 1)
    weights = edge.weights()
    weights["fine.0.weight"][0] = torch.nan
    torch.save(weights, tmp_path / "nan.pth")
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    (tmp_path / "page.pth").write_text("<html>")
    for name, words in (("nan", "not finite"), ("other", "no encoder of ours"), ("page", "no PyTorch file")):
        with pytest.raises(EchoPilotError, match=words):
            load_into(edge, tmp_path / f"{name}.pth")
    with pytest.raises(EchoPilotError, match="does not exist"):
        load_into(edge, tmp_path / "absent.pth")


def test_a_swin_in_echocares_layout_is_verified_as_echocares_file_is(tmp_path: Path) -> None:
    pytest.importorskip("monai", reason="the training extra is not installed")
    from echopilot_perception.model.echocare.checkpoint import verify
    from echopilot_perception.pretraining.encoders.swin import swin_shape

    save_encoder(tmp_path / "encoder.pth", build_pretrain_encoder(SWIN, 3))
    report = verify(tmp_path / "encoder.pth", swin_shape(SWIN), 64)
    assert report.mask_token == "1x1x8" and len(report.maps) == 5


def test_the_full_size_has_echocares_names_and_its_token() -> None:
    pytest.importorskip("monai", reason="the training extra is not installed")
    from echopilot_perception.model.echocare.encoder import ECHOCARE
    from echopilot_perception.pretraining.encoders.swin import swin_shape

    full = EncoderChoice("swin")
    assert swin_shape(full) == ECHOCARE
    narrow = build_pretrain_encoder(EncoderChoice("swin", 4, full.depths, (1, 1, 1, 1)), 1)  # names are of the depths
    assert len(narrow.weights()) == 359 and narrow.weights()["mask_token"].shape == (1, 1, 4)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (EncoderChoice("vit"), "encoder vit is unknown; choose one of edge, swin"),
        (EncoderChoice("swin", 8, (1, 1), (1, 2, 4, 8)), "four depths"),
        (EncoderChoice("swin", 8, (1, 1, 1, 1), (3, 2, 4, 8)), "3 heads do not divide 8 channels of stage 1"),
    ],
)
def test_an_encoder_that_cannot_be_built_is_refused_in_one_line(choice: EncoderChoice, words: str) -> None:
    with pytest.raises(EchoPilotError, match=words):
        build_pretrain_encoder(choice, 1)


def test_low_rank_updates_leave_the_weights_and_are_folded_into_the_file(tmp_path: Path) -> None:
    pytest.importorskip("monai", reason="the training extra is not installed")
    encoder = build_pretrain_encoder(SWIN, 4)
    before = {key: value.clone() for key, value in encoder.weights().items()}
    encoder.adapt(2)
    image = torch.rand(1, 1, 64, 64)
    trained = [p for name, p in encoder.named_parameters() if p.requires_grad and name.startswith("encoder.")]
    assert {p.shape[0] for p in trained} == {2}  # updates of queries and values alone
    assert all(torch.equal(value, before[key]) for key, value in encoder.weights().items())
    with torch.no_grad():
        for parameter in trained:
            parameter.add_(0.1)
    save_encoder(tmp_path / "encoder.pth", encoder)
    merged = build_pretrain_encoder(SWIN, 5)
    load_into(merged, tmp_path / "encoder.pth")
    one, other = (e.encode(image).features for e in (encoder.eval(), merged.eval()))
    assert torch.allclose(one, other, atol=1e-4)
    with pytest.raises(EchoPilotError, match="for the encoder swin alone"):
        build_pretrain_encoder(EDGE, 1).adapt(2)
