"""CUDA memory, streams, events and graphs through cuda-python, imported lazily: a Jetson may lack torch.

Source: NVIDIA, CUDA Runtime API, sections 6.4 to 6.9 and 6.30; names are those of `cuda.bindings.runtime`.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError

MISSING = "the package cuda-bindings is not installed (pip install 'cuda-bindings>=12.6')"
HOST_ALLOC_DEFAULT = 0


@dataclass(frozen=True)
class Device:
    """The GPU in use, and the CUDA runtime (13.5 is 13050)."""

    name: str
    capability: str
    cuda_version: int


@dataclass(frozen=True)
class Buffer:
    """A tensor twice: pinned on the host (an array over it) and on the device."""

    name: str
    host: NDArray[np.float32]
    host_address: int
    device_address: int


def why_no_device() -> str | None:
    """None where there is a CUDA device, otherwise the driver's answer. Raises EchoPilotError without cuda-bindings."""
    error, count = _runtime().cudaGetDeviceCount()
    if int(error) != 0:
        return f"no CUDA device ({error.name}; the driver must be as new as cuda-bindings)"
    return None if count > 0 else "no CUDA device"


def device() -> Device:
    """The current device; raises EchoPilotError when there is none."""
    properties = _call("cudaGetDeviceProperties", _call("cudaGetDevice"))
    name = properties.name.decode() if isinstance(properties.name, bytes) else str(properties.name)
    return Device(name, f"{properties.major}.{properties.minor}", int(_call("cudaRuntimeGetVersion")))


def allocate(name: str, shape: tuple[int, ...]) -> Buffer:
    """A float32 buffer on host and device; raises EchoPilotError when memory is short."""
    size = 4 * int(np.prod(shape))
    host_address = int(_call("cudaHostAlloc", size, HOST_ALLOC_DEFAULT))
    try:
        device_address = int(_call("cudaMalloc", size))
    except EchoPilotError:
        _call("cudaFreeHost", host_address)
        raise
    memory = (ctypes.c_float * (size // 4)).from_address(host_address)
    return Buffer(name, np.ctypeslib.as_array(memory).reshape(shape), host_address, device_address)


def free(buffer: Buffer) -> None:
    """Give both memories back; the host array must not be touched afterwards."""
    _call("cudaFree", buffer.device_address)
    _call("cudaFreeHost", buffer.host_address)


def to_device(buffer: Buffer, stream: Any) -> None:
    """Enqueue the copy host -> device."""
    _copy(buffer.device_address, buffer.host_address, buffer.host.nbytes, "cudaMemcpyHostToDevice", stream)


def to_host(buffer: Buffer, stream: Any) -> None:
    """Enqueue the copy device -> host; the host array is valid after `synchronize`."""
    _copy(buffer.host_address, buffer.device_address, buffer.host.nbytes, "cudaMemcpyDeviceToHost", stream)


def new_stream() -> Any:
    """A stream; int(stream) is its handle."""
    return _call("cudaStreamCreate")


def synchronize(stream: Any) -> None:
    """Wait until the stream is empty; raises EchoPilotError for what failed on it."""
    _call("cudaStreamSynchronize", stream)


def destroy_stream(stream: Any) -> None:
    """Free a stream."""
    _call("cudaStreamDestroy", stream)


def new_event() -> Any:
    """An event that takes time stamps."""
    return _call("cudaEventCreate")


def record(event: Any, stream: Any) -> None:
    """Enqueue a time stamp."""
    _call("cudaEventRecord", event, stream)


def elapsed_s(first: Any, second: Any) -> float:
    """Time [s] between two events that both passed."""
    return 1e-3 * float(_call("cudaEventElapsedTime", first, second))


def destroy_event(event: Any) -> None:
    """Free an event."""
    _call("cudaEventDestroy", event)


def capture(stream: Any, work: Callable[[], None]) -> Any:
    """The commands that `work` enqueues, as a graph not yet run; raises EchoPilotError when it cannot be captured."""
    _call("cudaStreamBeginCapture", stream, _runtime().cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal)
    try:
        work()
    except EchoPilotError:
        _runtime().cudaStreamEndCapture(stream)  # leaves capture mode; its own error adds nothing
        raise
    graph = _call("cudaStreamEndCapture", stream)
    try:
        return _call("cudaGraphInstantiate", graph, 0)
    finally:
        _call("cudaGraphDestroy", graph)


def launch(graph: Any, stream: Any) -> None:
    """Enqueue a captured graph."""
    _call("cudaGraphLaunch", graph, stream)


def destroy_graph(graph: Any) -> None:
    """Free a captured graph."""
    _call("cudaGraphExecDestroy", graph)


def _copy(to: int, source: int, size: int, kind: str, stream: Any) -> None:
    _call("cudaMemcpyAsync", to, source, size, getattr(_runtime().cudaMemcpyKind, kind), stream)


def _runtime() -> Any:
    try:
        from cuda.bindings import runtime
    except ImportError as error:
        raise EchoPilotError(f"CUDA: {MISSING}") from error
    return runtime


def _call(name: str, *arguments: Any) -> Any:
    error, *values = getattr(_runtime(), name)(*arguments)
    if int(error) != 0:
        raise EchoPilotError(f"CUDA: {name} failed with {error.name}")
    return values[0] if values else None
