"""Differences of TensorRT 8.6, 10 and 11, detected by the names that a version has, not by its number.

Source: NVIDIA, TensorRT migration guides 8 -> 10 and 10 -> 11, and the names in the bindings wheels:

| | 8.6 | 10 | 11 |
|---|---|---|---|
| explicit batch | must be asked for | ignored | the flag is gone |
| FP16, INT8 | builder flags | builder flags | no flags: every network has the types of its file |
"""

import importlib
from dataclasses import dataclass
from typing import Any

from echopilot_core import EchoPilotError
from echopilot_perception.runtime.interface import Precision

# Their sums overflow or lose too much in FP16 (NVIDIA, TensorRT best practices, mixed precision).
STAY_FLOAT = ("LayerNormalization", "InstanceNormalization", "Softmax", "ReduceMean", "Pow")


def to_fp16(onnx_model: bytes) -> bytes:
    """Convert weights and activations with ONNX Runtime's converter; raises EchoPilotError without `onnx`."""
    try:
        onnx: Any = importlib.import_module("onnx")
        converter: Any = importlib.import_module("onnxruntime.transformers.float16")
    except ImportError as error:
        raise EchoPilotError(
            "runtime tensorrt: this version takes FP16 from the model, and making that needs onnx and onnxruntime "
            "(pip install onnx onnxruntime); or choose tensorrt:fp32"
        ) from error
    model = onnx.load_model_from_string(onnx_model)
    blocked = [*converter.DEFAULT_OP_BLOCK_LIST, *STAY_FLOAT]
    half = converter.convert_float_to_float16(model, keep_io_types=True, op_block_list=blocked)
    return bytes(half.SerializeToString())


MISSING = "the package tensorrt is not installed (it comes with JetPack, or pip install tensorrt)"


@dataclass(frozen=True)
class BuilderFlags:
    """Flags to set and to clear on a builder configuration."""

    on: tuple[Any, ...]
    off: tuple[Any, ...]


def load_tensorrt() -> Any:
    """The module `tensorrt`; raises EchoPilotError where it is missing or older than 8.5 (no calls by name)."""
    try:
        trt: Any = importlib.import_module("tensorrt")
    except ImportError as error:
        raise EchoPilotError(f"runtime tensorrt: {MISSING}; or choose onnxruntime") from error
    if not hasattr(trt.IExecutionContext, "set_tensor_address"):
        raise EchoPilotError(f"runtime tensorrt: version {trt.__version__} is too old, 8.6 to 11 work")
    return trt


def types_come_from_the_file(trt: Any) -> bool:
    """True where the builder has no precision flags (11): FP16 then needs an FP16 model."""
    return not hasattr(trt.BuilderFlag, "FP16")


def network_flags(trt: Any) -> int:
    """Bits for `Builder.create_network`."""
    known = trt.NetworkDefinitionCreationFlag
    wanted = ["EXPLICIT_BATCH"] + (["STRONGLY_TYPED"] if types_come_from_the_file(trt) else [])
    return sum(1 << int(getattr(known, name)) for name in wanted if hasattr(known, name))


def builder_flags(trt: Any, precision: Precision) -> BuilderFlags:
    """FP16 and INT8 where they are flags; FP32 means FP32: TF32 keeps only 10 bits of the fraction."""
    wanted = {Precision.FP32: (), Precision.FP16: ("FP16",), Precision.INT8: ("INT8", "FP16")}[precision]
    on = tuple(getattr(trt.BuilderFlag, name) for name in wanted if hasattr(trt.BuilderFlag, name))
    off = ("TF32",) if precision is Precision.FP32 else ()
    return BuilderFlags(on, tuple(getattr(trt.BuilderFlag, name) for name in off if hasattr(trt.BuilderFlag, name)))


def model_for(trt: Any, onnx_model: bytes, precision: Precision) -> bytes:
    """The ONNX model that this version builds `precision` from; INT8 is in the model's own quantize nodes."""
    if precision is Precision.FP16 and types_come_from_the_file(trt):
        return to_fp16(onnx_model)
    return onnx_model
