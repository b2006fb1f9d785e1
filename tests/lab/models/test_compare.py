"""`echopilot model compare` on real files: figures, exit codes, one clear line for what is not comparable."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from echopilot_lab.cli.app import app
from echopilot_lab.models.compare import pick_frames
from echopilot_perception import grid

onnx = pytest.importorskip("onnx", reason="the training extra is not installed")


def averager(path: Path, gain: float, extra: bool = False, cells: int = grid.IMAGE_CELLS) -> Path:
    """An ONNX model with the outputs `view` (mean, gain x mean) and, with `extra`, `more`."""
    helper, batch = onnx.helper, "batch"
    gains = onnx.numpy_helper.from_array(np.array([1.0, gain], np.float32), "gains")
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["mean"]),
        helper.make_node("Mul", ["mean", "gains"], ["view"]),
    ]
    outputs = [helper.make_tensor_value_info("view", 1, [batch, 2])]
    if extra:
        outputs.append(helper.make_tensor_value_info("mean", 1, [batch, 1]))
    image = helper.make_tensor_value_info("image", 1, [batch, 1, cells, cells])
    graph = helper.make_graph(nodes, "averager", [image], outputs, [gains])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A folder with five bright images of noise."""
    folder = tmp_path / "clip"
    folder.mkdir()
    rng = np.random.default_rng(5)
    for i in range(5):
        cv2.imwrite(str(folder / f"{i}.png"), rng.integers(50, 250, (200, 240), dtype=np.uint8))
    return folder


def command(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["model", "compare", *map(str, words)])
    return result.exit_code, " ".join(result.output.split())


def test_differences_agreement_and_speed_are_reported(tmp_path: Path, clip: Path) -> None:
    a, b = averager(tmp_path / "a.onnx", 2.0), averager(tmp_path / "b.onnx", 0.5, extra=True)
    code, said = command(a, b, "--clip", clip, "--frames", 3, "--json", tmp_path / "o.json")
    figures = json.loads((tmp_path / "o.json").read_text())
    assert code == 0 and figures["frames"] == 3 and figures["unmatched"] == ["mean"]
    view = figures["outputs"]["view"]
    assert view["same_class"] == 0.0 and view["largest"] > view["mean"] > 0  # the arg-max is always the other one
    assert view["mean"] == pytest.approx(0.75 * pooled(clip), rel=0.05)
    assert all(0 < figures[side]["p50_ms"] <= figures[side]["p95_ms"] for side in "ab")
    assert "onnxruntime" in figures["a"]["runtime"] and "same arg-max" in said


def pooled(clip: Path) -> float:
    """Mean over images of the mean cell."""
    from echopilot_perception.frames import to_network

    return float(np.mean([to_network(frame).mean() for frame in pick_frames(3, str(clip))]))


def test_the_same_file_differs_by_nothing(tmp_path: Path, clip: Path) -> None:
    a = averager(tmp_path / "a.onnx", 2.0)
    code, _ = command(a, a, "--clip", clip, "--json", tmp_path / "o.json")
    view = json.loads((tmp_path / "o.json").read_text())["outputs"]["view"]
    assert code == 0 and view == {"largest": 0.0, "mean": 0.0, "same_class": 1.0}


def test_what_cannot_be_compared_is_said_in_one_line(tmp_path: Path, clip: Path) -> None:
    a = averager(tmp_path / "a.onnx", 2.0)
    small = averager(tmp_path / "small.onnx", 2.0, cells=8)
    (tmp_path / "text.onnx").write_text("not a model")
    for other, says in (
        ("tpu", "choose one of: auto, tensorrt, cuda, onnxruntime, torch"),
        ("torch:int8", "choose one of: fp32"),
        (small, "expects float32 (N, 1, 8, 8)"),
        (tmp_path / "text.onnx", "cannot load"),
        (clip, "model.yaml is missing"),
    ):
        code, said = command(a, other, "--clip", clip)
        assert code == 2 and says in said, said


def test_a_virtual_patient_is_the_default() -> None:
    first, second = pick_frames(2, "")
    assert first.image.shape == second.image.shape and not np.array_equal(first.image, second.image)
