"""Selection of a runtime by name, or by what this machine has."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from echopilot_core import EchoPilotError
from echopilot_perception.model.manifest import INT8_FILE, Manifest, verify
from echopilot_perception.runtime import availability
from echopilot_perception.runtime.interface import Precision, Runtime


@dataclass(frozen=True)
class Kind:
    """A runtime that can be named: its precisions (the first is the default) and what it may lack here."""

    precisions: tuple[Precision, ...]
    why_not: Callable[[], str | None]


KINDS = {  # in the order in which `auto` tries them
    "tensorrt": Kind((Precision.FP16, Precision.FP32, Precision.INT8), availability.why_no_tensorrt),
    "cuda": Kind((Precision.FP32, Precision.INT8), availability.why_no_cuda),
    "onnxruntime": Kind((Precision.FP32, Precision.INT8), availability.why_no_onnxruntime),
    "torch": Kind((Precision.FP32,), availability.why_no_torch),
}
NAMES = ("auto", *KINDS)


@dataclass(frozen=True)
class Choice:
    """A runtime and, where one is asked for, its precision."""

    name: str
    precision: Precision | None


def parse_choice(text: str) -> Choice:
    """`NAME` or `NAME:PRECISION`; raises EchoPilotError that lists what can be chosen."""
    name, _, precision = text.partition(":")
    if name not in NAMES:
        raise EchoPilotError(f"runtime {name!r} does not exist; choose one of: {', '.join(NAMES)}")
    if ":" not in text:
        return Choice(name, None)
    offered = [p.value for p in (KINDS[name].precisions if name in KINDS else Precision)]
    if precision not in offered:
        raise EchoPilotError(f"runtime {name} has no precision {precision!r}; choose one of: {', '.join(offered)}")
    return Choice(name, Precision(precision))


def make_runtime(manifest: Manifest, name: str = "auto", threads: int = 1) -> Runtime:
    """Runtime for a model, not yet active; its metadata holds the selection and the reason.

    `name` is one of `NAMES`, with a precision behind it if wanted: `onnxruntime:int8`. `auto` takes the first of
    `KINDS` that has all it needs here and offers the precision.
    Raises EchoPilotError for a name or precision that does not exist or when nothing can run the model.
    """
    choice = parse_choice(name)
    if choice.name != "auto":
        missing = KINDS[choice.name].why_not()
        if missing is not None:
            raise EchoPilotError(f"runtime {choice.name}: {missing}; choose one of: {', '.join(NAMES)}")
        return _make(manifest, choice.name, choice.precision, threads, "asked for")
    lacking: list[str] = []
    for kind, offer in KINDS.items():
        if choice.precision is not None and choice.precision not in offer.precisions:
            lacking.append(f"{kind}: no {choice.precision.value}")
            continue
        missing = offer.why_not()
        if missing is None:
            reason = f"auto picked {kind}" + "".join(f"; not {row}" for row in lacking)
            return _make(manifest, kind, choice.precision, threads, reason)
        lacking.append(f"{kind}: {missing}")
    raise EchoPilotError(f"nothing here can run the model {name}: {'; '.join(lacking)}")


def _make(manifest: Manifest, kind: str, wanted: Precision | None, threads: int, reason: str) -> Runtime:
    precision = KINDS[kind].precisions[0] if wanted is None else wanted
    if kind == "torch":
        from echopilot_perception.runtime.torch import TorchRuntime

        return TorchRuntime(manifest.folder / "checkpoint.pt", manifest.spec, threads, reason)
    path = int8_file(manifest) if precision is Precision.INT8 else manifest.onnx
    if kind == "tensorrt":
        from echopilot_perception.runtime.tensorrt import TensorRtRuntime

        return TensorRtRuntime(path, precision, reason)
    from echopilot_perception.runtime.onnx import OnnxRuntime

    return OnnxRuntime(path, threads, reason, precision, cuda=kind == "cuda")


def int8_file(manifest: Manifest) -> Path:
    """The quantized model beside model.onnx; raises EchoPilotError when there is none or its hash is wrong."""
    path = manifest.folder / INT8_FILE
    if not path.is_file() or manifest.int8_sha256 is None:
        raise EchoPilotError(f"{manifest.folder} holds no {INT8_FILE} with a hash in model.yaml; choose fp32")
    verify(path, manifest.int8_sha256)
    return path
