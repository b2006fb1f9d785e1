"""A strict stand-in for TensorRT 8.6, 10 and 11: exactly the calls that we make, on ONNX Runtime, so results are real.

Every class has slots, so that an unknown name is refused; wrong shapes, wrong order and freed memory are refused too.
An engine is the ONNX model behind a header; FP16 by flag is computed in FP16.
"""

import json
from enum import Enum, IntEnum
from types import ModuleType
from typing import Any

import numpy as np
import onnxruntime
from fake_cuda import FakeCuda

from echopilot_perception.runtime.versions import to_fp16

HEADER = b"fake plan\n"
VERSIONS = ("8.6.1", "10.3.0", "11.4.0")


class DataType(Enum):
    FLOAT = "tensor(float)"
    HALF = "tensor(float16)"


class TensorIOMode(IntEnum):
    NONE, INPUT, OUTPUT = 0, 1, 2


class MemoryPoolType(IntEnum):
    WORKSPACE = 0


class Logger:
    __slots__ = ("min_severity",)
    WARNING = 2

    def __init__(self, min_severity: int = WARNING) -> None:
        assert isinstance(min_severity, int)
        self.min_severity = min_severity


class Tensor:
    """ITensor of a network."""

    __slots__ = ("name", "shape")

    def __init__(self, name: str, shape: tuple[int, ...]) -> None:
        self.name, self.shape = name, shape


class Network:
    """INetworkDefinition."""

    __slots__ = ("_inputs", "_model")

    def __init__(self) -> None:
        self._model: bytes | None = None
        self._inputs: list[Tensor] = []

    @property
    def num_inputs(self) -> int:
        return len(self._inputs)

    def get_input(self, index: int) -> Tensor:
        return self._inputs[index]


class ParserError:
    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def desc(self) -> str:
        return self._text


class OnnxParser:
    __slots__ = ("_errors", "_network")

    def __init__(self, network: Network, logger: Logger) -> None:
        assert isinstance(network, Network) and isinstance(logger, Logger)
        self._network, self._errors = network, list[ParserError]()

    @property
    def num_errors(self) -> int:
        return len(self._errors)

    def get_error(self, index: int) -> ParserError:
        return self._errors[index]

    def parse(self, model: bytes) -> bool:
        assert self._network._model is None, "parsed twice"
        try:
            session = session_of(model)
        except Exception as error:  # onnxruntime raises its own kinds
            self._errors.append(ParserError(str(error)))
            return False
        self._network._model = model
        self._network._inputs = [Tensor(i.name, dims(i.shape)) for i in session.get_inputs()]
        return True


class Profile:
    """IOptimizationProfile."""

    __slots__ = ("_shapes",)

    def __init__(self) -> None:
        self._shapes: dict[str, list[tuple[int, ...]]] = {}

    def set_shape(self, input: str, min: tuple[int, ...], opt: tuple[int, ...], max: tuple[int, ...]) -> None:
        assert all(a <= b <= c for a, b, c in zip(min, opt, max, strict=True))
        self._shapes[input] = [min, opt, max]


class Config:
    """IBuilderConfig."""

    __slots__ = ("_flags", "_known", "_profiles")

    def __init__(self, known: Any) -> None:
        self._known, self._flags, self._profiles = known, {known.TF32}, list[Profile]()

    def set_memory_pool_limit(self, pool: MemoryPoolType, pool_size: int) -> None:
        assert isinstance(pool, MemoryPoolType) and pool_size > 0

    def set_flag(self, flag: Any) -> None:
        assert isinstance(flag, self._known)
        self._flags.add(flag)

    def clear_flag(self, flag: Any) -> None:
        assert isinstance(flag, self._known)
        self._flags.discard(flag)

    def add_optimization_profile(self, profile: Profile) -> int:
        assert isinstance(profile, Profile)
        self._profiles.append(profile)
        return len(self._profiles) - 1


class HostMemory:
    """IHostMemory: no more than the buffer protocol."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __bytes__(self) -> bytes:
        return self._data


class Context:
    """IExecutionContext."""

    __slots__ = ("_addresses", "_engine", "_shapes")

    def __init__(self, engine: "Engine") -> None:
        self._engine, self._shapes, self._addresses = engine, dict[str, tuple[int, ...]](), dict[str, int]()

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        if name not in self._engine._profile or self._engine.get_tensor_mode(name) != TensorIOMode.INPUT:
            return False
        low, _, high = self._engine._profile[name]
        if len(shape) != len(low) or not all(a <= n <= b for a, n, b in zip(low, shape, high, strict=True)):
            return False
        self._shapes[name] = tuple(shape)
        return True

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        shape = self._shapes.get(name, self._engine.get_tensor_shape(name))
        batch = next(iter(self._shapes.values()), (-1,))[0]
        return (batch, *shape[1:]) if shape[0] == -1 else shape

    def set_tensor_address(self, name: str, memory: int) -> bool:
        self._engine.get_tensor_mode(name)
        self._addresses[name] = memory
        return True

    def execute_async_v3(self, stream_handle: int) -> bool:
        names = [self._engine.get_tensor_name(i) for i in range(self._engine.num_io_tensors)]
        shapes = {name: self.get_tensor_shape(name) for name in names}
        if any(-1 in shape for shape in shapes.values()) or any(name not in self._addresses for name in names):
            return False
        cuda, addresses = self._engine._cuda, dict(self._addresses)

        def work() -> None:
            inputs = [n for n in names if self._engine.get_tensor_mode(n) == TensorIOMode.INPUT]
            outputs = [n for n in names if n not in inputs]
            fed = {n: cuda.device_array(addresses[n], shapes[n]).copy() for n in inputs}
            for name, value in zip(outputs, self._engine._session.run(outputs, fed), strict=True):
                cuda.device_array(addresses[name], shapes[name])[...] = value

        return cuda.enqueue(stream_handle, work)


class Engine:
    """ICudaEngine."""

    __slots__ = ("_cuda", "_profile", "_session", "_tensors")

    def __init__(self, cuda: FakeCuda, model: bytes, profile: dict[str, list[tuple[int, ...]]]) -> None:
        self._cuda, self._session, self._profile = cuda, session_of(model), profile
        self._tensors = {
            value.name: (mode, dims(value.shape), DataType(value.type))
            for mode, values in (
                (TensorIOMode.INPUT, self._session.get_inputs()),
                (TensorIOMode.OUTPUT, self._session.get_outputs()),
            )
            for value in values
        }

    @property
    def num_io_tensors(self) -> int:
        return len(self._tensors)

    def get_tensor_name(self, index: int) -> str:
        return list(self._tensors)[index]

    def get_tensor_mode(self, name: str) -> TensorIOMode:
        return self._tensors[name][0]

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return self._tensors[name][1]

    def get_tensor_dtype(self, name: str) -> DataType:
        return self._tensors[name][2]

    def create_execution_context(self) -> Context:
        return Context(self)


def nptype(trt_type: DataType) -> type:
    return {DataType.FLOAT: np.float32, DataType.HALF: np.float16}[trt_type]


def session_of(model: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def dims(shape: list[Any]) -> tuple[int, ...]:
    return tuple(n if isinstance(n, int) else -1 for n in shape)


def make_fake(version: str, cuda: FakeCuda) -> ModuleType:
    """The module `tensorrt` of a version, on a fake device."""
    major = int(version.split(".")[0])
    flags = IntEnum("BuilderFlag", ["TF32"] if major >= 11 else ["FP16", "INT8", "TF32"])
    creation = IntEnum(
        "NetworkDefinitionCreationFlag",
        {8: {"EXPLICIT_BATCH": 0}, 10: {"EXPLICIT_BATCH": 0, "STRONGLY_TYPED": 1}, 11: {"STRONGLY_TYPED": 1}}[major],
    )

    class Builder:
        __slots__ = ()

        def __init__(self, logger: Logger) -> None:
            assert isinstance(logger, Logger)

        def create_network(self, flags: int) -> Network:
            assert flags & ~sum(1 << f for f in creation) == 0, "unknown network flags"
            assert major > 8 or flags & 1, "8.6 reads ONNX only with EXPLICIT_BATCH"
            return Network()

        def create_builder_config(self) -> Config:
            return Config(flags)

        def create_optimization_profile(self) -> Profile:
            return Profile()

        def build_serialized_network(self, network: Network, config: Config) -> HostMemory | None:
            assert network._model is not None, "nothing was parsed"
            assert len(config._profiles) == 1, "a free axis needs a profile"
            shapes = config._profiles[0]._shapes
            for tensor in network._inputs:
                for shape in shapes[tensor.name]:
                    assert all(n in (-1, m) for n, m in zip(tensor.shape, shape, strict=True)), (
                        "profile against network"
                    )
            quantized = b"QuantizeLinear" in network._model
            if quantized and "INT8" in flags.__members__ and flags["INT8"] not in config._flags:
                return None
            model = network._model
            if "FP16" in flags.__members__ and flags["FP16"] in config._flags and not quantized:
                model = to_fp16(model)
            head = json.dumps({"version": version, "profile": shapes}).encode()
            return HostMemory(HEADER + head + b"\n" + model)

    class Runtime:
        __slots__ = ()

        def __init__(self, logger: Logger) -> None:
            assert isinstance(logger, Logger)
            assert cuda.cudaGetDeviceCount()[1] > 0, "the real one ends the process here"

        def deserialize_cuda_engine(self, serialized_engine: bytes) -> Engine | None:
            if not serialized_engine.startswith(HEADER):
                return None
            head, _, model = serialized_engine[len(HEADER) :].partition(b"\n")
            facts = json.loads(head)
            if facts["version"] != version:
                return None
            return Engine(cuda, model, {n: [tuple(s) for s in rows] for n, rows in facts["profile"].items()})

    module = ModuleType("tensorrt")
    names: dict[str, Any] = {
        "__version__": version, "BuilderFlag": flags, "NetworkDefinitionCreationFlag": creation, "Builder": Builder,
        "Runtime": Runtime, "IExecutionContext": Context, "ICudaEngine": Engine, "IBuilderConfig": Config,
        "INetworkDefinition": Network, "IOptimizationProfile": Profile, "ITensor": Tensor, "IHostMemory": HostMemory,
        "ParserError": ParserError, "OnnxParser": OnnxParser, "Logger": Logger, "TensorIOMode": TensorIOMode,
        "MemoryPoolType": MemoryPoolType, "DataType": DataType, "nptype": nptype,
    }  # fmt: skip
    for name, value in names.items():
        setattr(module, name, value)
    return module
