"""FP32 ONNX -> INT8 ONNX with quantize and dequantize nodes (QDQ), calibrated on images (Nagel et al. 2021)."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError

QUANTIZED = ("Conv", "Relu", "Add", "Concat", "Resize")  # operators; what only heads use stays FP32
BACKBONE = "/backbone/"  # prefix of the node names of the backbone in an exported network
FINEST = tuple(BACKBONE + part for part in ("stem/", "down.0/", "up.3", "Resize_3", "Concat_3"))
MIN_IMAGES = 8


def quantize(model_onnx: Path, images: NDArray[np.uint8], out: Path) -> None:
    """Write an INT8 twin of `model_onnx` to `out`; a crash leaves the old file or the new one.

    `images` (N, H, W) uint8 at network size set the ranges of the activations, so they should be usual ones of every
    view. Weights get a scale per channel, activations a symmetric one (what TensorRT asks for). What touches the
    output of the stem, and the heads, stay FP32: 8 bits there cost most of the accuracy. Raises EchoPilotError when
    there are too few images, when onnx is missing, when a tool of ONNX Runtime fails or when nothing was quantized.
    """
    if len(images) < MIN_IMAGES:
        raise EchoPilotError(f"quantize: {len(images)} calibration images; at least {MIN_IMAGES} are needed")
    try:
        import onnx
        from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as error:
        raise EchoPilotError("quantize needs the training extra: pip install 'echopilot[train]'") from error
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as draft:
        prepared, quantized = Path(draft) / "prepared.onnx", Path(draft) / "int8.onnx"
        try:
            quant_pre_process(str(model_onnx), str(prepared), skip_symbolic_shape=True)
            graph = onnx.load(str(prepared)).graph
            quantize_static(
                str(prepared),
                str(quantized),
                _Images(graph.input[0].name, images),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(QUANTIZED),
                nodes_to_exclude=[node.name for node in graph.node if not _is_quantized(node.name)],
                per_channel=True,
                reduce_range=True,  # 7-bit weights: without VNNI, pairs of products are added with 16-bit saturation
                activation_type=QuantType.QInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax,
                extra_options={"ActivationSymmetric": True, "CalibTensorRangeSymmetric": True},
            )
        except Exception as error:  # onnx and onnxruntime raise every kind
            raise EchoPilotError(f"quantize: {model_onnx.name} failed: {str(error).splitlines()[0]}") from error
        if not any(node.op_type == "QuantizeLinear" for node in onnx.load(str(quantized)).graph.node):
            raise EchoPilotError(
                f"quantize: {model_onnx.name} has no layer named {BACKBONE}... that could be quantized"
            )
        os.replace(quantized, out)


def _is_quantized(name: str) -> bool:
    return name.startswith(BACKBONE) and not name.startswith(FINEST)


class _Images:
    """Feeds images to the calibration one by one, as ONNX Runtime's CalibrationDataReader asks."""

    def __init__(self, name: str, images: NDArray[np.uint8]) -> None:
        self._feeds: Iterator[dict[str, Any]] = (
            {name: image[None, None].astype(np.float32) / np.float32(255.0)} for image in images
        )

    def get_next(self) -> dict[str, Any] | None:
        return next(self._feeds, None)
