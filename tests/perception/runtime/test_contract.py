"""What every runtime promises, in one class: ONNX Runtime, PyTorch, and TensorRT 8.6, 10 and 11 on the fake."""

from collections.abc import Callable

import numpy as np
import pytest

from echopilot_core import EchoPilotError
from echopilot_perception import grid
from echopilot_perception.heads import HEADS
from echopilot_perception.model.manifest import Manifest
from echopilot_perception.runtime import Precision, Runtime, compare, make_runtime

CELLS = grid.IMAGE_CELLS
IMAGES = np.random.default_rng(0).random((3, 1, CELLS, CELLS)).astype(np.float32)
CASES = ["onnxruntime", "torch", "tensorrt 8.6.1", "tensorrt:fp32 10.3.0", "tensorrt 11.4.0"]
TOLERANCE = {Precision.FP32: 1e-3, Precision.FP16: 5e-2}  # of the largest absolute value of an output

WRONG: list[tuple[object, str]] = [
    (IMAGES[0], rf"image expects float32 \(N, 1, {CELLS}, {CELLS}\), found float32 \(1, "),
    (IMAGES[:, :, :-1], f"found float32 .3, 1, {CELLS - 1}, "),
    (IMAGES[:0], r"found float32 \(0, 1, "),
    (np.repeat(IMAGES, 3, axis=1), r"found float32 \(3, 3, "),
    (IMAGES.astype(np.float64), "found float64"),
    ((IMAGES * 255).astype(np.uint8), "found uint8"),
    (IMAGES.transpose(0, 1, 3, 2), "C-contiguous"),
    (np.where(IMAGES > 0.9999, np.float32(np.nan), IMAGES), "image holds NaN"),
    (np.where(IMAGES > 0.9999, np.float32(np.inf), IMAGES), "image holds NaN or infinite"),
    (IMAGES.tolist(), "must be an array, found list"),
]

Make = Callable[[], Runtime]


@pytest.fixture(params=CASES)
def make(request: pytest.FixtureRequest, model: Manifest, install: Callable[..., object]) -> Make:
    name, _, version = request.param.partition(" ")
    if version:
        install(version)
    return lambda: make_runtime(model, name)


class TestRuntimeContract:
    """Every test runs on every backend."""

    def test_outputs_are_those_of_onnx_runtime(self, make: Make, model: Manifest) -> None:
        with make() as runtime, make_runtime(model, "onnxruntime") as reference:
            outputs, expected = runtime.infer(IMAGES), reference.infer(IMAGES)
            assert list(outputs) == list(expected) == [head.name for head in HEADS]
            for name, wanted in expected.items():
                assert outputs[name].shape == wanted.shape and outputs[name].dtype == np.float32
                gap = float(np.abs(outputs[name] - wanted).max() / np.abs(wanted).max())
                assert gap < TOLERANCE[runtime.metadata().precision], (name, gap)

    def test_batch_axis_is_free(self, make: Make) -> None:
        with make() as runtime:
            alone = [runtime.infer(IMAGES[i : i + 1]) for i in range(3)]
            many = runtime.infer(np.concatenate([IMAGES] * 3))  # more than one TensorRT batch
            for name, rows in many.items():
                assert len(rows) == 9
                for i in range(9):
                    assert np.allclose(rows[i], alone[i % 3][name][0], atol=2e-3), name

    def test_outputs_repeat_and_belong_to_the_caller(self, make: Make) -> None:
        with make() as runtime:
            first = runtime.infer(IMAGES[:1])
            kept = {name: array.copy() for name, array in first.items()}
            runtime.infer(IMAGES[1:2])
            again = runtime.infer(IMAGES[:1])
        for name, array in kept.items():
            assert np.array_equal(array, first[name]) and np.array_equal(array, again[name])
            first[name][...] = 0  # writable, also after close

    def test_a_wrong_image_is_refused_with_expected_and_found(self, make: Make) -> None:
        with make() as runtime:
            for image, says in WRONG:
                with pytest.raises(EchoPilotError, match=says) as caught:
                    runtime.infer(image)  # type: ignore[arg-type]
                assert "\n" not in str(caught.value) and runtime.metadata().name in str(caught.value)
            runtime.infer(IMAGES[:1])  # and the next good one is taken

    def test_infer_needs_activate_and_close_may_come_twice(self, make: Make) -> None:
        runtime = make()
        with pytest.raises(EchoPilotError, match="activate"):
            runtime.infer(IMAGES)
        runtime.close()
        with runtime:
            runtime.activate()  # a second one changes nothing
            runtime.infer(IMAGES[:1])
        with pytest.raises(EchoPilotError, match="activate"):
            runtime.infer(IMAGES)
        runtime.close()
        with runtime:  # and it can be opened again
            runtime.infer(IMAGES[:1])

    def test_metadata_and_timing_are_filled(self, make: Make) -> None:
        runtime = make()
        before = runtime.metadata()
        assert before.name and before.version and before.reason and before.threads == 1
        with runtime:
            assert runtime.last_timing is None
            runtime.infer(IMAGES[:1])
            timing, facts = runtime.last_timing, runtime.metadata()
        assert timing is not None and timing.compute_s > 0 and timing.to_device_s >= 0 and timing.from_device_s >= 0
        assert facts.device and all(word in str(facts) for word in (facts.name, facts.version, facts.precision.value))

    def test_compared_with_itself_nothing_differs(self, make: Make) -> None:
        with make() as a, make() as b:
            result = compare(a, b, IMAGES, warm_up=0)
        assert all(row.largest == 0 and row.same_class in (None, 1.0) for row in result.differences)
        assert result.frames == 3 and not result.unmatched and 0 < result.first.p50_ms <= result.first.p95_ms
