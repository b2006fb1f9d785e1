"""Building of a serialized TensorRT engine from an ONNX model."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from echopilot_core import EchoPilotError
from echopilot_perception.runtime import versions
from echopilot_perception.runtime.bindings import INPUT
from echopilot_perception.runtime.interface import Precision

WORKSPACE_BYTES = 1 << 30

Say = Callable[[str], None]


@dataclass(frozen=True)
class Batches:
    """How many images the engine takes at once; it is tuned for `usual`."""

    smallest: int = 1
    usual: int = 1
    largest: int = 8

    def __str__(self) -> str:
        return f"{INPUT} {self.smallest}/{self.usual}/{self.largest}"


def build_engine(trt: Any, logger: Any, onnx_model: bytes, precision: Precision, batches: Batches, say: Say) -> bytes:
    """Build for the current GPU, which takes minutes, and say when it begins and ends.

    Raises EchoPilotError with TensorRT's own reason when the model cannot be read or built.
    """
    say(f"TensorRT {trt.__version__}: building the {precision.value} engine, once for this model and GPU; minutes")
    begin = time.perf_counter()
    builder = trt.Builder(logger)
    network = builder.create_network(versions.network_flags(trt))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(versions.model_for(trt, onnx_model, precision)):
        reasons = "; ".join(parser.get_error(i).desc() for i in range(parser.num_errors))
        raise EchoPilotError(f"runtime tensorrt: cannot read the model: {' '.join(reasons.split())}")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
    flags = versions.builder_flags(trt, precision)
    for flag in flags.on:
        config.set_flag(flag)
    for flag in flags.off:
        config.clear_flag(flag)
    config.add_optimization_profile(_profile(builder, network, batches))
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise EchoPilotError("runtime tensorrt: the engine cannot be built; TensorRT's log above says why")
    say(f"TensorRT: engine built in {time.perf_counter() - begin:.0f} s")
    return bytes(plan)


def _profile(builder: Any, network: Any, batches: Batches) -> Any:
    inputs = [network.get_input(i) for i in range(network.num_inputs)]
    image = next((i for i in inputs if i.name == INPUT), None)
    if image is None:
        names = ", ".join(i.name for i in inputs)
        raise EchoPilotError(f"runtime tensorrt: the model must have one input named {INPUT}, it has: {names}")
    rest = tuple(int(n) for n in image.shape)[1:]
    profile = builder.create_optimization_profile()
    sizes = (batches.smallest, batches.usual, batches.largest)
    profile.set_shape(INPUT, *((n, *rest) for n in sizes))
    return profile
