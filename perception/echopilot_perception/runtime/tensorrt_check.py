"""First run of TensorRT on a GPU: building, keeping, agreement with ONNX Runtime, and time by part."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_perception.runtime.interface import Outputs, Precision, Runtime, Timing
from echopilot_perception.runtime.tensorrt import TensorRtRuntime

PARITY = 1e-2
"""Largest difference to ONNX Runtime, as a share of the largest value of the output, or of 1 where that is less."""
WARM_UP, RUNS = 50, 2000
PART_S = 30.0  # at most so long for the runs of one precision


@dataclass(frozen=True)
class Spread:
    """Wall time of one image [ms]."""

    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class EngineCheck:
    """Figures of one precision; `differences` by output, `said` what the runtime told at the first start."""

    precision: Precision
    runtime: str
    first_start_s: float
    second_start_s: float
    differences: dict[str, float]
    runs: int
    to_device: Spread
    compute: Spread
    from_device: Spread
    whole: Spread
    said: tuple[str, ...]

    def checks(self) -> dict[str, bool]:
        """What has to hold, by name."""
        name = self.precision.value
        return {
            f"{name}: outputs within {PARITY:g} of ONNX Runtime": max(self.differences.values()) <= PARITY,
            f"{name}: engine built once, then found": any("built in" in line for line in self.said),
            f"{name}: runs as a CUDA graph": not any("without a CUDA graph" in line for line in self.said),
        }


def start(path: Path, precision: Precision, folder: Path) -> float:
    """Time [s] of a start that finds its engine in `folder`; EchoPilotError where it builds one."""
    said: list[str] = []
    runtime = TensorRtRuntime(path, precision, folder=folder, say=said.append)
    begin = time.perf_counter()
    runtime.activate()
    spent = time.perf_counter() - begin
    runtime.close()
    if said:
        raise EchoPilotError(f"the second start did not find its engine: {'; '.join(said)}")
    return spent


def check_engine(
    path: Path,
    precision: Precision,
    images: NDArray[np.float32],
    reference: Runtime,
    folder: Path,
    starts_again: Callable[[Path, Precision, Path], float] = start,
    runs: int = RUNS,
) -> EngineCheck:
    """Build, compare and time one precision.

    Args:
        path: the model as ONNX.
        images: (N, 1, H, W); all are compared, the first is timed `runs` times, for PART_S at most.
        reference: active runtime to compare with.
        folder: for engines; empty.
        starts_again: gives the time [s] of a second start, best in a process of its own.

    Raises:
        EchoPilotError: TensorRT, CUDA or the cache refuse something, with the reason.
    """
    said: list[str] = []
    runtime = TensorRtRuntime(path, precision, folder=folder, say=said.append)
    begin = time.perf_counter()
    runtime.activate()
    first_s = time.perf_counter() - begin
    with runtime:
        pairs = [(runtime.infer(image[None]), reference.infer(image[None])) for image in images]
        for _ in range(WARM_UP):
            runtime.infer(images[:1])
        timings, wholes = _timed(runtime, images[:1], runs)
        described = str(runtime.metadata())
    return EngineCheck(
        precision=precision,
        runtime=described,
        first_start_s=first_s,
        second_start_s=starts_again(path, precision, folder),
        differences=_differences(pairs),
        runs=len(wholes),
        to_device=_spread([t.to_device_s for t in timings]),
        compute=_spread([t.compute_s for t in timings]),
        from_device=_spread([t.from_device_s for t in timings]),
        whole=_spread(wholes),
        said=tuple(said),
    )


def _timed(runtime: Runtime, image: NDArray[np.float32], runs: int) -> tuple[list[Timing], list[float]]:
    timings: list[Timing] = []
    wholes: list[float] = []
    end = time.perf_counter() + PART_S
    while len(wholes) < runs and time.perf_counter() < end:
        begin = time.perf_counter()
        runtime.infer(image)
        wholes.append(time.perf_counter() - begin)
        assert runtime.last_timing is not None, "TensorRT times every run"
        timings.append(runtime.last_timing)
    return timings, wholes


def _differences(pairs: Sequence[tuple[Outputs, Outputs]]) -> dict[str, float]:
    names = pairs[0][1]
    return {
        name: max(
            float(np.abs(ours[name].astype(np.float64) - theirs[name]).max() / max(1.0, np.abs(theirs[name]).max()))
            for ours, theirs in pairs
        )
        for name in names
    }


def _spread(seconds: Sequence[float]) -> Spread:
    return Spread(*(1e3 * float(np.percentile(seconds, q)) for q in (50, 99)))
