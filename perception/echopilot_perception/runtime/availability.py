"""Missing requirements of each runtime on this machine, as text; None where nothing is missing."""

import ctypes
from importlib.util import find_spec

from echopilot_perception.runtime import cuda, versions


def why_no_tensorrt() -> str | None:
    """TensorRT needs its package, cuda-bindings and a GPU."""
    if not _installed("tensorrt"):
        return versions.MISSING
    if not _installed("cuda") or not _installed("cuda.bindings"):
        return cuda.MISSING
    return cuda.why_no_device()


def why_no_cuda() -> str | None:
    """ONNX Runtime needs its GPU build and a GPU."""
    missing = why_no_onnxruntime()
    if missing is not None:
        return missing
    from echopilot_perception.runtime import onnx

    if not onnx.has_cuda():
        return "this ONNX Runtime is built without CUDA (pip install onnxruntime-gpu in its place)"
    return None if driver_devices() > 0 else "no CUDA device"


def why_no_onnxruntime() -> str | None:
    """The default runtime needs its package."""
    return None if _installed("onnxruntime") else "the package onnxruntime is not installed"


def why_no_torch() -> str | None:
    """Torch comes with the extra `train`."""
    return None if _installed("torch") else "the package torch is not installed (extra `train`)"


def driver_devices() -> int:
    """How many GPUs NVIDIA's driver reports, asked without any package (CUDA Driver API: cuInit, cuDeviceGetCount)."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


def _installed(module: str) -> bool:
    return find_spec(module) is not None
