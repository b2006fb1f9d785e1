"""`echopilot bench perception`: echopilot-edge on one thread, in FP32 and INT8, beside MONAI's BasicUNet."""

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from echopilot_core import EchoPilotError, Frame
from echopilot_lab.benchmarks import bmode_views
from echopilot_lab.benchmarks.int8 import Int8Loss, int8_loss
from echopilot_lab.benchmarks.timing import one_thread, percentiles
from echopilot_perception import grid
from echopilot_perception.frames import to_network
from echopilot_perception.heads import HEADS
from echopilot_perception.model.manifest import INT8_FILE, Manifest
from echopilot_perception.pipeline import Perception
from echopilot_perception.runtime import Outputs, Runtime, make_runtime
from echopilot_perception.runtime.onnx import OnnxRuntime
from echopilot_perception.runtime.select import int8_file
from echopilot_sim.bmode import Renderer

PEER = "MONAI BasicUNet, default features, 14 classes, ONNX Runtime"
NO_PEER = "no peer: torch and MONAI are not installed; `make setup-train` installs them"
PEER_CLASSES = 14
RANDOM = "random"  # in place of a checkpoint of EchoCare
ROUNDS = 100
WARM_UP = 5
FRAMES_PER_VIEW = 6


def bench_perception(
    console: Console,
    echocare: str | None = None,
    model: Path | None = None,
    rounds: int = ROUNDS,
    frames: list[Frame] | None = None,
) -> dict[str, Any]:
    """Time network, INT8 network, the whole of `see` and the peer in turn, so that a drift of the machine hits all.

    `echocare`: "random" or a checkpoint file times EchoCare's encoder too. `frames` stand in for rendered ones of all
    standard views.
    """
    with one_thread(), TemporaryDirectory() as folder, console.status("") as status:
        if frames is None:
            status.update("rendering images of all standard views")
            frames = rendered_frames()
        images = np.stack([to_network(frame) for frame in frames])[:, None]
        perception = Perception(model, "onnxruntime")
        calls: dict[str, Callable[[int], object]] = {
            "see": lambda k: perception.see(frames[k % len(frames)]),
        }
        runtimes = {"fp32": make_runtime(perception.manifest, "onnxruntime")}
        try:
            runtimes["int8"] = _int8(perception.manifest)
        except EchoPilotError as error:
            console.print(f"no INT8: {error}", markup=False, soft_wrap=True)
        if find_spec("torch") is not None and find_spec("monai") is not None:
            status.update("exporting the peer")
            runtimes["peer"] = OnnxRuntime(export_peer(Path(folder)))
        else:
            console.print(NO_PEER, markup=False, soft_wrap=True)
        for name, runtime in runtimes.items():
            runtime.activate()
            calls[name] = partial(_infer, runtime, images)
        status.update("timing")
        spent = interleaved(calls, rounds)
        loss = None
        if "int8" in runtimes:
            status.update("comparing INT8 with FP32")
            loss = int8_loss(runtimes["fp32"], runtimes["int8"], perception.manifest.spec, images)
        for runtime in runtimes.values():
            runtime.close()
        perception.close()
        figures = _figures(spent, loss, len(frames))
    console.print(_table(figures))
    if echocare is not None:
        from echopilot_lab.benchmarks.echocare import bench_echocare

        figures["echocare"] = asdict(bench_echocare(console, None if echocare == RANDOM else Path(echocare)))
    return figures


def rendered_frames(per_view: int = FRAMES_PER_VIEW) -> list[Frame]:
    """Frames of every standard view, `per_view` of a heartbeat each, of the first patients who have them."""
    frames: list[Frame] = []
    for anatomy, views in bmode_views.patients_of():
        renderer = Renderer(anatomy, "full")
        for view in views:
            frames += [
                renderer.render(frame_state) for frame_state in bmode_views.view_frame_states(anatomy, view, per_view)
            ]
    return frames


def export_peer(folder: Path) -> Path:
    """MONAI's BasicUNet with random weights as ONNX for one image; speed does not depend on the weights."""
    import torch
    from monai.networks.nets import BasicUNet

    path = folder / "peer.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = BasicUNet(spatial_dims=2, in_channels=1, out_channels=PEER_CLASSES).eval()
        example = torch.zeros(1, 1, grid.IMAGE_CELLS, grid.IMAGE_CELLS)
        torch.onnx.export(network, (example,), str(path), input_names=["image"], opset_version=17, dynamo=False)
    return path


def interleaved(calls: Mapping[str, Callable[[int], object]], rounds: int) -> dict[str, NDArray[np.float64]]:
    """Milliseconds of each call over `rounds` rounds in which each has one turn, after a warm-up."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for k in range(WARM_UP + rounds):
        for name, call in calls.items():
            began = time.perf_counter()
            call(k)
            if k >= WARM_UP:
                spent[name].append(1e3 * (time.perf_counter() - began))
    return {name: np.array(values) for name, values in spent.items()}


def _int8(manifest: Manifest) -> Runtime:
    """The INT8 runtime; raises EchoPilotError where there is none, or where the file is only a copy of the FP32 one."""
    int8_file(manifest)
    if manifest.int8_sha256 == manifest.sha256:
        raise EchoPilotError(f"{INT8_FILE} is the same file as {manifest.onnx.name}; `make train` quantizes it")
    return make_runtime(manifest, "onnxruntime:int8")


def _infer(runtime: Runtime, images: NDArray[np.float32], k: int) -> Outputs:
    return runtime.infer(images[k % len(images)][None])


def _figures(spent: dict[str, NDArray[np.float64]], loss: Int8Loss | None, frames: int) -> dict[str, Any]:
    ms = {name: percentiles(values) for name, values in spent.items()}
    figures: dict[str, Any] = {
        "ms": ms["fp32"],
        "see_ms": ms["see"],
        "threads": 1,
        "cells": grid.IMAGE_CELLS,
        "heads": [head.name for head in HEADS],
        "frames": frames,
        "peer": None,
        "int8": None,
    }
    if "peer" in ms:
        ratio = ms["peer"]["p50"] / ms["fp32"]["p50"]
        figures["peer"] = {"name": PEER, "ms": ms["peer"], "times_slower": ratio}
    if loss is not None:
        figures["int8"] = {"ms": ms["int8"], **asdict(loss)}
    return figures


def _table(figures: dict[str, Any]) -> Table:
    title = f"perception, one {figures['cells']} x {figures['cells']} image on one thread, all heads"
    table = Table(title=title, caption=_caption(figures))
    for heading in ("", "p50 ms", "p95 ms", "p99 ms"):
        table.add_column(heading, justify="left" if not heading else "right")
    rows = {"network, FP32": figures["ms"], "whole of `see`, FP32": figures["see_ms"]}
    if figures["int8"]:
        rows["network, INT8"] = figures["int8"]["ms"]
    if figures["peer"]:
        rows[f"peer: {figures['peer']['name']}"] = figures["peer"]["ms"]
    for name, ms in rows.items():
        table.add_row(name, *(f"{ms[p]:.2f}" for p in ("p50", "p95", "p99")))
    return table


def _caption(figures: dict[str, Any]) -> str:
    parts = []
    if figures["peer"]:
        parts.append(f"{figures['peer']['times_slower']:.1f} times faster than the peer")
    if figures["int8"]:
        loss = figures["int8"]
        parts.append(
            f"INT8 against FP32: dice {loss['dice_mean']:.3f}, views change by at most {loss['view_change_max']:.3f}, "
            f"quality by {loss['quality_change_max']:.3f}"
        )
    return "; ".join(parts)
