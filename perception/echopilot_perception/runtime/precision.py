"""The arithmetic that a runtime computes in."""

from enum import Enum


class Precision(Enum):
    """FP32 everywhere, FP16 on TensorRT, INT8 where a model with quantise/dequantise nodes is at hand."""

    FP32 = "fp32"
    FP16 = "fp16"
    INT8 = "int8"
