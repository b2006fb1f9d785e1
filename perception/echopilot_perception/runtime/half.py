"""An FP32 ONNX model in FP16, for builders without an FP16 flag; inputs and outputs stay float32."""

import importlib
from typing import Any

from echopilot_core import EchoPilotError

# Their sums overflow or lose too much in FP16 (NVIDIA, TensorRT best practices, mixed precision).
STAY_FLOAT = ("LayerNormalization", "InstanceNormalization", "Softmax", "ReduceMean", "Pow")


def to_half(onnx_model: bytes) -> bytes:
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
