"""EchoCare's checkpoint is loaded whole or refused with one line that says why; nothing in a file is ever run."""

import hashlib
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("monai", reason="the training extra is not installed")

from typer.testing import CliRunner  # noqa: E402

from echopilot_core import EchoPilotError  # noqa: E402
from echopilot_lab.cli.app import app  # noqa: E402
from echopilot_perception.model.echocare import ECHOCARE, EncoderShape, libraries  # noqa: E402
from echopilot_perception.model.echocare.checkpoint import load_encoder  # noqa: E402
from echopilot_perception.model.echocare.encoder import build_encoder  # noqa: E402

State = dict[str, Any]
Maker = Callable[[EncoderShape], State]
Save = Callable[[object], Path]


class Bomb:
    """Unpickling it makes a folder."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def refused(file: Path, shape: EncoderShape) -> str:
    with pytest.raises(EchoPilotError) as caught:
        load_encoder(file, shape)
    line = str(caught.value)
    assert "\n" not in line and file.name in line
    return line


def test_the_published_layout_is_verified(make_state: Maker, save: Save, tmp_path: Path) -> None:
    file = save(make_state(ECHOCARE))
    result = CliRunner().invoke(app, ["model", "verify", str(file), "--json", str(tmp_path / "figures.json")])
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures == {
        "file": file.name,
        "bytes": file.stat().st_size,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "dtype": "float16",
        "tensors": 358,
        "parameters": 120_221_688,
        "mask_token": "1x1x128",
        "maps": [[1, 128 * 2**k, 128 // 2**k, 128 // 2**k] for k in range(5)],
    }
    assert "358" in result.output and figures["sha256"][:32] in result.output


def test_a_wrong_file_is_one_line_and_exit_2(tmp_path: Path) -> None:
    file = tmp_path / "page.pth"
    file.write_text("<html>")
    for command in (["verify", str(file)], ["export", "--echocare", str(file), "--out", str(tmp_path / "x.onnx")]):
        result = CliRunner().invoke(app, ["model", *command])
        assert result.exit_code == 2
        assert len([line for line in result.output.splitlines() if line.strip()]) == 1, result.output
        assert not (tmp_path / "x.onnx").exists()


def test_weights_arrive_as_they_were(make_state: Maker, save: Save, tiny: EncoderShape) -> None:
    state = make_state(tiny)
    loaded = load_encoder(save(state), tiny).state_dict()
    assert loaded.keys() == state.keys() - {"mask_token"}
    assert all(torch.equal(loaded[key], state[key].to(loaded[key].dtype)) for key in loaded)


def test_the_mask_token_may_be_absent(make_state: Maker, save: Save, tiny: EncoderShape) -> None:
    state = make_state(tiny)
    del state["mask_token"]
    load_encoder(save(state), tiny)


def test_each_kind_of_difference_is_counted_and_shown(make_state: Maker, save: Save, tiny: EncoderShape) -> None:
    state = make_state(tiny)
    for key in list(state)[3:8]:
        del state[key]
    state |= {"head.weight": torch.zeros(1), "patch_embed.proj.bias": torch.zeros(7)}
    line = refused(save(state), tiny)
    assert "5 of" in line and "missing: layers1.0.blocks.0.norm1.weight" in line and ", ..." in line
    assert "1 of" in line and "unexpected: head.weight" in line
    assert "mis-shaped: patch_embed.proj.bias (expected 16, found 7)" in line


@pytest.mark.parametrize("prefix", ["module.", "swinViT.", "module.swinViT."])
def test_a_prefix_is_named(prefix: str, make_state: Maker, save: Save, tiny: EncoderShape) -> None:
    assert f"prefix '{prefix}'" in refused(save({prefix + k: v for k, v in make_state(tiny).items()}), tiny)


def test_a_nested_state_is_named(make_state: Maker, save: Save, tiny: EncoderShape) -> None:
    line = refused(save({"epoch": 3, "state_dict": make_state(tiny)}), tiny)
    assert "nested under 'state_dict'" in line


def test_weights_for_volumes_are_named(make_state: Maker, save: Save, tiny: EncoderShape) -> None:
    state = make_state(tiny)
    state["layers1c.0.layer.conv1.conv.weight"] = torch.zeros(16, 16, 3, 3, 3)
    line = refused(save(state), tiny)
    assert "expected 16x16x3x3, found 16x16x3x3x3" in line and "MONAI older than 1.3.1" in line


def _bad_number(state: State, value: float) -> State:
    broken = state["patch_embed.proj.bias"].clone()
    broken[3] = value
    return state | {"patch_embed.proj.bias": broken}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda s: _bad_number(s, float("nan")), "not finite"),
        (lambda s: _bad_number(s, float("inf")), "not finite"),
        (lambda s: s | {"layers1.0.blocks.0.attn.relative_position_index": torch.zeros(64, 64).long()}, "positions"),
        (lambda s: s | {"patch_embed.proj.bias": torch.zeros(16, dtype=torch.int8)}, "found 16 int8"),
        (lambda s: s | {"patch_embed.proj.bias": torch.zeros(16, device="meta")}, "meta"),
        (lambda s: s | {"patch_embed.proj.bias": torch.zeros(16).to_sparse()}, "sparse"),
        (lambda s: s | {"patch_embed.proj.bias": 3.0}, "found float"),
        (lambda s: s | {5: torch.zeros(1)}, "named tensors"),
        (lambda s: list(s.values()), "named tensors"),
        (lambda s: {}, "missing"),
    ],
)  # fmt: skip
def test_unusable_contents_are_refused(
    change: Callable[[State], object], says: str, make_state: Maker, save: Save, tiny: EncoderShape
) -> None:
    assert says in refused(save(change(make_state(tiny))), tiny)


@pytest.mark.parametrize("plain_pickle", [False, True])
def test_a_pickle_bomb_never_goes_off(
    plain_pickle: bool, make_state: Maker, save: Save, tiny: EncoderShape, tmp_path: Path
) -> None:
    bomb = Bomb(tmp_path / "mark")
    file = save(make_state(tiny) | {"extra": bomb})
    if plain_pickle:
        file.write_bytes(pickle.dumps({"patch_embed.proj.weight": bomb}))
    assert "nothing in it was run" in refused(file, tiny)
    assert not bomb.mark.exists()
    pickle.loads(pickle.dumps(bomb))
    assert bomb.mark.exists(), "the bomb is a dud: this test proves nothing"


def test_a_torn_file_is_refused_wherever_it_ends(make_state: Maker, save: Save, tiny: EncoderShape) -> None:
    file = save(make_state(tiny))
    whole = file.read_bytes()
    for share in (0.001, 0.3, 0.99):
        file.write_bytes(whole[: int(share * len(whole))])
        assert "damaged" in refused(file, tiny)
    file.write_bytes(b"")
    assert "empty" in refused(file, tiny)
    file.write_text("<html>Sign in</html>")
    assert "web page" in refused(file, tiny)


def test_what_is_no_file_is_said(tmp_path: Path, tiny: EncoderShape) -> None:
    assert "echocare_encoder.pth" in refused(tmp_path, tiny)
    assert "does not exist" in refused(tmp_path / "none.pth", tiny)


@pytest.mark.parametrize(
    ("found", "says"), [("1.3.0", "3D convolutions"), ("1.2.0", "3D convolutions"), (None, "pip install")]
)
def test_a_monai_that_does_not_fit_is_refused(
    found: str | None, says: str, tiny: EncoderShape, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "_version", lambda name: found if name == "monai" else "9.9")
    with pytest.raises(EchoPilotError, match=says):
        build_encoder(tiny)


@pytest.mark.parametrize("found", ["1.3.1", "1.3.2rc1", "1.4.0", "1.10.0", "2.0"])
def test_newer_monais_are_taken(found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "_version", lambda name: found)
    libraries.require_libraries()
