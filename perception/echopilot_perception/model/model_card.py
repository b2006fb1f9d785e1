"""Model card, written from measured figures."""

import re
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from echopilot_perception import grid
from echopilot_perception.runtime.onnx import OnnxRuntime
from echopilot_perception.training.loop import TrainResult, evaluate
from echopilot_perception.training.samples import Samples

FOLDERS = re.compile(r"(?<![\w.:/])/(?:[\w.+-]+/)+")  # of an absolute path
WARNING = "Research software. It is not a medical device and must not be used for diagnosis."


def model_card(
    folder: Path, name: str, result: TrainResult, validation: Samples, facts: Mapping[str, str], onnx_sha256: str
) -> str:
    """Markdown text; every figure is measured here on `validation`."""
    figures = evaluate(result.network, validation)
    weights = sum(p.numel() for p in result.network.parameters())
    lines = [f"# Model card: {name}", "", WARNING, "", "## Facts", ""]
    lines += [f"- {title}: {without_folders(text)}" for title, text in facts.items()]
    lines += [
        f"- Weights: {weights}",
        f"- Epochs run: {len(result.history)}",
        f"- SHA-256 of model.onnx: `{onnx_sha256}`",
        f"- Median time per image, ONNX Runtime on one thread while exporting: {_latency_ms(folder):.1f} ms",
        "",
        f"## Figures on {len(validation)} validation images",
        "",
        "Guidance figures are medians of the vector norm in units of the scales in model.yaml;",
        "`guidance0` is the first view listed there.",
        "",
        "<!-- figures: edge_validation.card -->",  # read by scripts/check_figures.py
        "| figure | value |",
        "|---|---|",
    ]
    lines += [f"| {key} | {value:.3f} |" for key, value in figures.items()]
    lines += [
        "",
        "## Known failures",
        "",
        "- Trained on simulated images only: expect it to fail on real patients, whatever the figures say.",
        "- Of disease it has seen only what the simulator draws: aneurysm, thrombus, dissection, effusion, "
        "dilated root, hypertrophy, low ejection.",
        "- Views other than those with figures above were rare or absent in training.",
        "",
    ]
    return "\n".join(lines)


def without_folders(text: str) -> str:
    """Text with every absolute path cut down to its last part: a card holds no paths of the machine that made it."""
    return FOLDERS.sub("", text)


def _latency_ms(folder: Path) -> float:
    image = np.zeros((1, 1, grid.IMAGE_CELLS, grid.IMAGE_CELLS), np.float32)
    with OnnxRuntime(folder / "model.onnx") as runtime:
        times = []
        for _ in range(40):
            begin = time.perf_counter()
            runtime.infer(image)
            times.append(time.perf_counter() - begin)
    return 1e3 * float(np.median(times[10:]))
