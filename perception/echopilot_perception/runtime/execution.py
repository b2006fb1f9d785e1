"""Execution of a TensorRT engine: tensors by name, pinned buffers, one stream, a CUDA graph per batch size."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_perception.runtime import cuda
from echopilot_perception.runtime.bindings import Binding, input_binding
from echopilot_perception.runtime.interface import Outputs, Timing


class Execution:
    """An engine with a stream and buffers. The graph is captured again when the batch size changes."""

    def __init__(self, trt: Any, engine: Any, say: Callable[[str], None]) -> None:
        """Raises EchoPilotError for unknown bindings, with nothing left allocated."""
        self._say = say
        names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
        tensors = {name: _binding(trt, engine, name) for name in names}
        inputs = [tensors[n] for n in names if engine.get_tensor_mode(n) == trt.TensorIOMode.INPUT]
        self.input = input_binding("tensorrt", inputs)
        self._outputs = [name for name in names if name != self.input.name]
        for name in self._outputs:
            if tensors[name].dtype != np.float32:
                raise EchoPilotError(f"runtime tensorrt: output {name} must be float32, the engine has {tensors[name]}")
        self._context = engine.create_execution_context()
        if self._context is None:
            raise EchoPilotError("runtime tensorrt: no execution context; is GPU memory short?")
        self._buffers: dict[str, cuda.Buffer] = {}
        self._graph: Any = None
        self._stream = cuda.new_stream()
        self._events = [cuda.new_event() for _ in range(4)]

    def run(self, image: NDArray[np.float32]) -> tuple[Outputs, Timing]:
        """Copy in, compute, copy out; `image` fits the input and the engine's batch range."""
        if not self._buffers or self._buffers[self.input.name].host.shape != image.shape:
            try:
                self._prepare(image.shape)
            except EchoPilotError:
                self._release()
                raise
        np.copyto(self._buffers[self.input.name].host, image)
        start, copied, computed, done = self._events
        cuda.record(start, self._stream)
        cuda.to_device(self._buffers[self.input.name], self._stream)
        cuda.record(copied, self._stream)
        if self._graph is not None:
            cuda.launch(self._graph, self._stream)
        else:
            self._enqueue()
        cuda.record(computed, self._stream)
        for name in self._outputs:
            cuda.to_host(self._buffers[name], self._stream)
        cuda.record(done, self._stream)
        cuda.synchronize(self._stream)
        timing = Timing(cuda.elapsed_s(start, copied), cuda.elapsed_s(copied, computed), cuda.elapsed_s(computed, done))
        return {name: self._buffers[name].host.copy() for name in self._outputs}, timing

    def close(self) -> None:
        """Free everything; the object is of no use afterwards."""
        self._release()
        for event in self._events:
            cuda.destroy_event(event)
        cuda.destroy_stream(self._stream)
        self._context = None

    def _prepare(self, shape: tuple[int, ...]) -> None:
        self._release()
        _accepted("set_input_shape", self._context.set_input_shape(self.input.name, shape))
        shapes = {self.input.name: shape}
        shapes |= {name: tuple(int(n) for n in self._context.get_tensor_shape(name)) for name in self._outputs}
        for name, size in shapes.items():
            self._buffers[name] = cuda.allocate(name, size)
            address = self._buffers[name].device_address
            _accepted(f"set_tensor_address of {name}", self._context.set_tensor_address(name, address))
        self._enqueue()  # the first run sets up what a capture may not
        cuda.synchronize(self._stream)
        try:
            self._graph = cuda.capture(self._stream, self._enqueue)
        except EchoPilotError as error:
            self._say(f"TensorRT runs without a CUDA graph: {error}")

    def _enqueue(self) -> None:
        _accepted("execute_async_v3", self._context.execute_async_v3(int(self._stream)))

    def _release(self) -> None:
        if self._graph is not None:
            cuda.destroy_graph(self._graph)
            self._graph = None
        while self._buffers:
            cuda.free(self._buffers.popitem()[1])


def _binding(trt: Any, engine: Any, name: str) -> Binding:
    shape = tuple(None if n < 0 else int(n) for n in engine.get_tensor_shape(name))
    return Binding(name, shape, np.dtype(trt.nptype(engine.get_tensor_dtype(name))))


def _accepted(call: str, answer: bool) -> None:
    if not answer:
        raise EchoPilotError(f"runtime tensorrt: {call} was refused; TensorRT's log above says why")
