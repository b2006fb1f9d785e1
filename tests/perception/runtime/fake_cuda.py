"""A strict stand-in for `cuda.bindings.runtime`: real host memory, work that runs only when the stream is waited for.

It has exactly the names that our adapter calls. It refuses addresses that are not (or no longer) allocated, copies that
do not fit, events that have not passed, and work inside a capture that a real capture refuses.
"""

# ruff: noqa: N801, N802, N815  (the names are NVIDIA's)

import ctypes
import time
from collections.abc import Callable
from enum import IntEnum
from types import SimpleNamespace
from typing import Any

import numpy as np


class cudaError_t(IntEnum):
    cudaSuccess = 0
    cudaErrorInvalidValue = 1
    cudaErrorMemoryAllocation = 2
    cudaErrorInsufficientDriver = 35
    cudaErrorInvalidResourceHandle = 400
    cudaErrorNotReady = 600
    cudaErrorStreamCaptureUnsupported = 900


class cudaMemcpyKind(IntEnum):
    cudaMemcpyHostToDevice = 1
    cudaMemcpyDeviceToHost = 2


class cudaStreamCaptureMode(IntEnum):
    cudaStreamCaptureModeThreadLocal = 1


OK = (cudaError_t.cudaSuccess,)
INVALID = (cudaError_t.cudaErrorInvalidValue, None)
BAD_HANDLE = (cudaError_t.cudaErrorInvalidResourceHandle, None)


class FakeCuda:
    """One device and its state; a negative count is a driver that is too old, `capturable` False an odd engine."""

    cudaMemcpyKind = cudaMemcpyKind
    cudaStreamCaptureMode = cudaStreamCaptureMode

    def __init__(self, count: int = 1, capturable: bool = True, memory_bytes: int = 1 << 30) -> None:
        self._count, self._capturable, self._free_bytes = count, capturable, memory_bytes
        self._device: dict[int, np.ndarray] = {}
        self._host: dict[int, np.ndarray] = {}
        self._buried: list[np.ndarray] = []  # freed memory stays mapped, full of NaN
        self._handles: dict[int, str] = {}
        self._queue: dict[int, list[Callable[[], None]]] = {}
        self._captured: dict[int, list[Callable[[], None]]] = {}
        self._graphs: dict[int, list[Callable[[], None]]] = {}
        self._stamps: dict[int, float] = {}
        self._capturing: int | None = None
        self.launches = 0

    # What the tests and the fake TensorRT ask.
    def live(self) -> dict[str, int]:
        """Everything that is still allocated, by kind."""
        kinds = list(self._handles.values())
        return {
            "device": len(self._device), "host": len(self._host),
            **{kind: kinds.count(kind) for kind in ("stream", "event", "graph", "exec")},
        }  # fmt: skip

    def device_array(self, address: int, shape: tuple[int, ...]) -> np.ndarray:
        """Device memory at an allocated address as float32; AssertionError when it is not ours or too small."""
        assert address in self._device, f"device address {address:#x} is not allocated"
        size = int(np.prod(shape)) * 4
        assert self._device[address].nbytes >= size, f"{size} bytes wanted, {self._device[address].nbytes} allocated"
        return self._device[address][:size].view(np.float32).reshape(shape)

    def enqueue(self, stream: int, work: Callable[[], None]) -> bool:
        """Put work on a stream, or into the capture that it is in."""
        assert self._handles.get(stream) == "stream", "no such stream"
        if self._capturing == stream:
            if not self._capturable:
                return False
            self._captured[stream].append(work)
        else:
            self._queue[stream].append(work)
        return True

    # cuda.bindings.runtime
    def cudaGetDeviceCount(self) -> tuple[Any, ...]:
        return (cudaError_t.cudaErrorInsufficientDriver, None) if self._count < 0 else (*OK, self._count)

    def cudaGetDevice(self) -> tuple[Any, ...]:
        return *OK, 0

    def cudaGetDeviceProperties(self, device: int) -> tuple[Any, ...]:
        return (*OK, SimpleNamespace(name=b"Fake GPU", major=8, minor=7)) if device == 0 else INVALID

    def cudaRuntimeGetVersion(self) -> tuple[Any, ...]:
        return *OK, 12060

    def cudaMalloc(self, size: int) -> tuple[Any, ...]:
        if size > self._free_bytes:
            return cudaError_t.cudaErrorMemoryAllocation, None
        self._free_bytes -= size
        return *OK, self._allocate(self._device, size)

    def cudaHostAlloc(self, size: int, flags: int) -> tuple[Any, ...]:
        return (*OK, self._allocate(self._host, size)) if flags == 0 else INVALID

    def cudaFree(self, devPtr: int) -> tuple[Any, ...]:
        return self._release(self._device, devPtr)

    def cudaFreeHost(self, ptr: int) -> tuple[Any, ...]:
        return self._release(self._host, ptr)

    def cudaMemcpyAsync(self, dst: int, src: int, count: int, kind: cudaMemcpyKind, stream: int) -> tuple[Any, ...]:
        pools = (
            (self._device, self._host) if kind == cudaMemcpyKind.cudaMemcpyHostToDevice else (self._host, self._device)
        )
        if dst not in pools[0] or src not in pools[1] or count > pools[0][dst].nbytes or count > pools[1][src].nbytes:
            return (cudaError_t.cudaErrorInvalidValue,)
        assert self._capturing is None, "our adapter captures the computation alone"

        def copy() -> None:
            pools[0][dst][:count] = pools[1][src][:count]

        return OK if self.enqueue(stream, copy) else BAD_HANDLE

    def cudaStreamCreate(self) -> tuple[Any, ...]:
        stream = self._handle("stream")
        self._queue[stream] = []
        return *OK, stream

    def cudaStreamSynchronize(self, stream: int) -> tuple[Any, ...]:
        if self._capturing == stream:
            return (cudaError_t.cudaErrorStreamCaptureUnsupported,)
        if stream not in self._queue:
            return (cudaError_t.cudaErrorInvalidResourceHandle,)
        for work in self._queue[stream]:
            work()
        self._queue[stream].clear()
        return OK

    def cudaStreamDestroy(self, stream: int) -> tuple[Any, ...]:
        self._queue.pop(stream, None)
        return self._drop(stream, "stream")

    def cudaEventCreate(self) -> tuple[Any, ...]:
        return *OK, self._handle("event")

    def cudaEventRecord(self, event: int, stream: int) -> tuple[Any, ...]:
        assert self._handles.get(event) == "event"
        self._stamps.pop(event, None)
        self.enqueue(stream, lambda: self._stamps.__setitem__(event, time.perf_counter()))
        return OK

    def cudaEventElapsedTime(self, start: int, end: int) -> tuple[Any, ...]:
        if start not in self._stamps or end not in self._stamps:
            return cudaError_t.cudaErrorNotReady, None
        return *OK, 1e3 * (self._stamps[end] - self._stamps[start])

    def cudaEventDestroy(self, event: int) -> tuple[Any, ...]:
        return self._drop(event, "event")

    def cudaStreamBeginCapture(self, stream: int, mode: cudaStreamCaptureMode) -> tuple[Any, ...]:
        assert isinstance(mode, cudaStreamCaptureMode) and not self._queue[stream], "capture on a busy stream"
        self._capturing, self._captured[stream] = stream, []
        return OK

    def cudaStreamEndCapture(self, stream: int) -> tuple[Any, ...]:
        if self._capturing != stream:
            return INVALID
        self._capturing = None
        if not self._captured[stream]:
            return cudaError_t.cudaErrorStreamCaptureUnsupported, None
        graph = self._handle("graph")
        self._graphs[graph] = self._captured.pop(stream)
        return *OK, graph

    def cudaGraphInstantiate(self, graph: int, flags: int) -> tuple[Any, ...]:
        if self._handles.get(graph) != "graph" or flags != 0:
            return INVALID
        instance = self._handle("exec")
        self._graphs[instance] = list(self._graphs[graph])
        return *OK, instance

    def cudaGraphLaunch(self, graphExec: int, stream: int) -> tuple[Any, ...]:
        if self._handles.get(graphExec) != "exec":
            return (cudaError_t.cudaErrorInvalidResourceHandle,)
        self.launches += 1
        for work in self._graphs[graphExec]:
            self.enqueue(stream, work)
        return OK

    def cudaGraphDestroy(self, graph: int) -> tuple[Any, ...]:
        return self._drop(graph, "graph")

    def cudaGraphExecDestroy(self, graphExec: int) -> tuple[Any, ...]:
        return self._drop(graphExec, "exec")

    def _allocate(self, pool: dict[int, np.ndarray], size: int) -> int:
        memory = np.full(-(-size // 4), np.nan, np.float32).view(np.uint8)
        pool[memory.ctypes.data] = memory
        return int(memory.ctypes.data)

    def _release(self, pool: dict[int, np.ndarray], address: int) -> tuple[Any, ...]:
        if address not in pool:
            return (cudaError_t.cudaErrorInvalidValue,)
        memory = pool.pop(address)
        if pool is self._device:
            self._free_bytes += memory.nbytes
        ctypes.memset(address, 0xFF, memory.nbytes)
        self._buried.append(memory)
        return OK

    def _handle(self, kind: str) -> int:
        handle = 1000 + len(self._handles)
        self._handles[handle] = kind
        return handle

    def _drop(self, handle: int, kind: str) -> tuple[Any, ...]:
        if self._handles.get(handle) != kind:
            return (cudaError_t.cudaErrorInvalidResourceHandle,)
        self._handles[handle] = f"destroyed {kind}"
        return OK
