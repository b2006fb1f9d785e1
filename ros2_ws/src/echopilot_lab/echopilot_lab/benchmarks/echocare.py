"""EchoCare's encoder: loading, export, agreement of both, and time per image beside the limit of the machine."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from echopilot_perception.model.echocare import ECHOCARE, REFERENCE_CELLS, EncoderShape, require_libraries
from echopilot_perception.model.echocare.encoder import COLOR_CHANNELS
from echopilot_perception.model.manifest import sha256

if TYPE_CHECKING:
    from torch import Tensor, nn

MATRIX_CPU, MATRIX_CUDA = 2048, 8192  # sides of the product that shows what the machine could do
MATRIX_REPEATS = 5
REPEATS_CPU, REPEATS_CUDA = 4, 50
WARM_UP = 3  # calls before a CUDA graph is recorded


@dataclass(frozen=True)
class EchoCareTiming:
    """One way of running the encoder on one image.

    `floor_ms` is the time that its multiplications alone would take at the speed of one large matrix product in the
    same number format on the same device. `difference` is the largest absolute one from PyTorch in float32 on the CPU.
    `failed` is empty, or says why this way gave no figures.
    """

    name: str
    device: str
    floor_ms: float
    p50_ms: float | None = None
    p95_ms: float | None = None
    difference: float | None = None
    failed: str = ""


@dataclass(frozen=True)
class EchoCareBench:
    """Figures of one run; `weights` is the SHA-256 of the checkpoint, or "random"."""

    weights: str
    parameters: int
    gflop: float  # 2 per multiply-add, convolutions and matrix products of one image of 256 x 256
    threads: int
    onnx_difference: float
    onnx_bytes: int
    timings: tuple[EchoCareTiming, ...]


@dataclass(frozen=True)
class _Subject:
    encoder: "nn.Module"
    image: "Tensor"
    maps: "list[Tensor]"
    flop: float


def bench_echocare(
    console: Console, file: Path | None = None, threads: int = 1, shape: EncoderShape = ECHOCARE
) -> EchoCareBench:
    """Load `file` (None: random weights), export, compare, and time on the CPU and, where PyTorch sees one, on a GPU.

    Takes about a minute and 2.5 GB of memory. Raises EchoPilotError when torch or MONAI is missing, the file is wrong,
    or ONNX Runtime and PyTorch disagree by more than 1e-3.
    """
    require_libraries()
    import torch

    from echopilot_perception.model.echocare.checkpoint import load_encoder
    from echopilot_perception.model.echocare.encoder import build_encoder
    from echopilot_perception.model.echocare.export import export_encoder
    from echopilot_perception.runtime.onnx import OnnxRuntime

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    encoder = build_encoder(shape).eval() if file is None else load_encoder(file, shape)
    subject = _subject(encoder)
    floor_ms = 1e3 * subject.flop / _matrix_flop_per_s("cpu", torch.float32, MATRIX_CPU)
    console.print("exporting EchoCare's encoder and timing it: about a minute ...")
    with TemporaryDirectory() as folder:
        exported = export_encoder(encoder, Path(folder) / "encoder.onnx", REFERENCE_CELLS)
        with OnnxRuntime(Path(folder) / "encoder.onnx", threads) as runtime:
            image = subject.image.numpy()
            onnx_ms = _timed(lambda: runtime.infer(image), REPEATS_CPU)
    with torch.no_grad():
        torch_ms = _timed(lambda: encoder(subject.image), REPEATS_CPU)
    timings = [
        _timing("PyTorch float32", "cpu", torch_ms, floor_ms, 0.0),
        _timing("ONNX Runtime float32", "cpu", onnx_ms, floor_ms, exported.max_difference),
    ]
    if torch.cuda.is_available():
        timings += _on_cuda(subject)
    figures = EchoCareBench(
        weights="random" if file is None else sha256(file),
        parameters=sum(p.numel() for p in encoder.parameters()),
        gflop=subject.flop / 1e9,
        threads=threads,
        onnx_difference=exported.max_difference,
        onnx_bytes=exported.bytes,
        timings=tuple(timings),
    )
    _show(console, figures)
    return figures


def _subject(encoder: "nn.Module") -> _Subject:
    """A fixed image, its maps, and the operations counted while they are made."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, COLOR_CHANNELS, REFERENCE_CELLS, REFERENCE_CELLS, generator=generator)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        maps = encoder(image)
    return _Subject(encoder, image, maps, float(counter.get_total_flops()))


def _on_cuda(subject: _Subject) -> list[EchoCareTiming]:
    """float32 and bfloat16, each plain, compiled by TorchInductor, and plain as one CUDA graph."""
    import torch

    device = torch.cuda.get_device_name()
    rows: list[EchoCareTiming] = []
    for name, kind in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        floor_ms = 1e3 * subject.flop / _matrix_flop_per_s("cuda", kind, MATRIX_CUDA)
        module = copy.deepcopy(subject.encoder).to("cuda", kind)
        image = subject.image.to("cuda", kind)
        for way, prepare in (("plain", _plain), ("compiled", _compiled), ("CUDA graph", _recorded)):
            title = f"PyTorch {name}, {way}"
            try:
                with torch.no_grad():
                    run = prepare(module, image)
                    spent = _timed(partial(_finished, run), REPEATS_CUDA)
                    rows.append(_timing(title, device, spent, floor_ms, _difference(run(), subject.maps)))
            except Exception as error:  # a compiler or a recording that fails costs one row, not the run
                reason = f"{type(error).__name__}: {error}".splitlines()[0]
                rows.append(EchoCareTiming(title, device, floor_ms, failed=reason))
    return rows


Run = Callable[[], "list[Tensor]"]


def _plain(module: "nn.Module", image: "Tensor") -> Run:
    return lambda: list(module(image))


def _compiled(module: "nn.Module", image: "Tensor") -> Run:
    import torch

    compiled = torch.compile(module)
    return lambda: list(compiled(image))


def _recorded(module: "nn.Module", image: "Tensor") -> Run:
    """Record one pass after a warm-up on a stream of its own, as PyTorch's notes on CUDA graphs ask."""
    import torch

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            module(image)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        maps = list(module(image))

    def run() -> "list[Tensor]":
        graph.replay()
        return maps

    return run


def _finished(run: Run) -> None:
    import torch

    run()
    torch.cuda.synchronize()


def _difference(found: "list[Tensor]", expected: "list[Tensor]") -> float:
    return max(float((a.float().cpu() - b).abs().max()) for a, b in zip(found, expected, strict=True))


def _matrix_flop_per_s(device: str, kind: object, side: int) -> float:
    """Speed of a square matrix product, the best of a few."""
    import torch

    a = torch.ones(side, side, dtype=kind, device=device)
    best_s = np.inf
    for _ in range(MATRIX_REPEATS):
        begin = time.perf_counter()
        a @ a
        if device == "cuda":
            torch.cuda.synchronize()
        best_s = min(best_s, time.perf_counter() - begin)
    return 2.0 * side**3 / best_s


def _timed(call: Callable[[], object], repeats: int) -> list[float]:
    """Milliseconds of each call after one that does not count."""
    call()
    spent = []
    for _ in range(repeats):
        begin = time.perf_counter()
        call()
        spent.append(1e3 * (time.perf_counter() - begin))
    return spent


def _timing(name: str, device: str, spent_ms: list[float], floor_ms: float, difference: float) -> EchoCareTiming:
    p50, p95 = (float(np.percentile(spent_ms, p)) for p in (50, 95))
    return EchoCareTiming(name, device, floor_ms, p50, p95, difference)


def _show(console: Console, figures: EchoCareBench) -> None:
    table = Table(title=f"EchoCare encoder, one image, {figures.gflop:.0f} GFLOP, CPU on {figures.threads} thread(s)")
    for heading in ("", "device", "p50 ms", "p95 ms", "floor ms", "difference"):
        table.add_column(heading)
    for row in figures.timings:
        cells = ["" if value is None else f"{value:.1f}" for value in (row.p50_ms, row.p95_ms, row.floor_ms)]
        table.add_row(row.name, row.device, *cells, row.failed or f"{row.difference:.1e}")
    console.print(table)
