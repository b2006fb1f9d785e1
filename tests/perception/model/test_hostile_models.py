"""Checkpoints and statistics from elsewhere are refused in one line, and nothing in them is ever run."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from echopilot_core import EchoPilotError
from echopilot_perception import ood
from echopilot_perception.runtime.onnx import OnnxRuntime


class Bomb:
    """Unpickled, it would make a folder."""

    def __init__(self, target: Path) -> None:
        self.target = str(target)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.target,)


def one_line(error: pytest.ExceptionInfo[EchoPilotError]) -> None:
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_bomb_does_not_go_off(zipped: bool, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="the training extra is not installed")
    from echopilot_perception.training import checkpoint

    path, crater = tmp_path / "bomb.pt", tmp_path / "crater"
    if zipped:
        torch.save({"best": Bomb(crater)}, path)
    else:
        path.write_bytes(pickle.dumps(Bomb(crater)))
    with pytest.raises(EchoPilotError) as caught:
        checkpoint.load(path)
    one_line(caught)
    assert not crater.exists()


def test_a_foreign_checkpoint_is_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="the training extra is not installed")
    from echopilot_perception.runtime.torch import TorchRuntime
    from echopilot_perception.training import DEFAULT_SPEC

    for k, state in enumerate(({"state_dict": {"w": torch.zeros(2)}}, {"best": {"w": torch.zeros(2)}})):
        path = tmp_path / f"foreign{k}.pt"
        torch.save(state, path)
        with pytest.raises(EchoPilotError) as caught:
            TorchRuntime(path, DEFAULT_SPEC).activate()
        one_line(caught)


def test_a_bomb_among_the_statistics_does_not_go_off(tmp_path: Path) -> None:
    path, crater = tmp_path / "ood.npz", tmp_path / "crater"
    with path.open("wb") as file:
        np.savez(file, mean=np.array([Bomb(crater)], dtype=object))
    with pytest.raises(EchoPilotError) as caught:
        ood.load(path)
    one_line(caught)
    assert not crater.exists()


@pytest.mark.parametrize("data", [b"", b"not a model", bytes(5000)])
def test_rubbish_in_place_of_a_network_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(data)
    with pytest.raises(EchoPilotError) as caught:
        OnnxRuntime(tmp_path / "model.onnx").activate()
    one_line(caught)
