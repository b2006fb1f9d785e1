"""FP32 ONNX -> INT8 ONNX with quantise and dequantise nodes (QDQ), calibrated on pictures (Nagel et al. 2021)."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError

QUANTISED = ("Conv", "Relu", "Add", "Concat", "Resize")  # operators; what only heads use stays FP32
BACKBONE = "/backbone/"  # prefix of the node names of the backbone in an exported network
FINEST = tuple(BACKBONE + part for part in ("stem/", "down.0/", "up.3", "Resize_3", "Concat_3"))
MIN_PICTURES = 8


def quantize(model_onnx: Path, pictures: NDArray[np.uint8], out: Path) -> None:
    """Write an INT8 twin of `model_onnx` to `out`; a crash leaves the old file or the new one.

    `pictures` (N, H, W) uint8 at network size set the ranges of the activations, so they should be usual ones of every
    view. Weights get a scale per channel, activations a symmetric one (what TensorRT asks for). What touches the
    output of the stem, and the heads, stay FP32: 8 bits there cost most of the accuracy. Raises EchoPilotError when
    there are too few pictures, when onnx is missing, when a tool of ONNX Runtime fails or when nothing was quantised.
    """
    if len(pictures) < MIN_PICTURES:
        raise EchoPilotError(f"quantize: {len(pictures)} calibration pictures; at least {MIN_PICTURES} are needed")
    try:
        import onnx
        from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as error:
        raise EchoPilotError("quantize needs the training extra: pip install 'echopilot[train]'") from error
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as draft:
        prepared, quantised = Path(draft) / "prepared.onnx", Path(draft) / "int8.onnx"
        try:
            quant_pre_process(str(model_onnx), str(prepared), skip_symbolic_shape=True)
            graph = onnx.load(str(prepared)).graph
            quantize_static(
                str(prepared),
                str(quantised),
                _Pictures(graph.input[0].name, pictures),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(QUANTISED),
                nodes_to_exclude=[node.name for node in graph.node if not _is_quantised(node.name)],
                per_channel=True,
                activation_type=QuantType.QInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax,
                extra_options={"ActivationSymmetric": True, "CalibTensorRangeSymmetric": True},
            )
        except Exception as error:  # onnx and onnxruntime raise every kind
            raise EchoPilotError(f"quantize: {model_onnx.name} failed: {str(error).splitlines()[0]}") from error
        if not any(node.op_type == "QuantizeLinear" for node in onnx.load(str(quantised)).graph.node):
            raise EchoPilotError(
                f"quantize: {model_onnx.name} has no layer named {BACKBONE}... that could be quantised"
            )
        os.replace(quantised, out)


def _is_quantised(name: str) -> bool:
    return name.startswith(BACKBONE) and not name.startswith(FINEST)


class _Pictures:
    """Feeds pictures to the calibration one by one, as ONNX Runtime's CalibrationDataReader asks."""

    def __init__(self, name: str, pictures: NDArray[np.uint8]) -> None:
        self._feeds: Iterator[dict[str, Any]] = (
            {name: picture[None, None].astype(np.float32) / np.float32(255.0)} for picture in pictures
        )

    def get_next(self) -> dict[str, Any] | None:
        return next(self._feeds, None)
