"""Every head learns what it is told, passes over what is not known, and reads its answer back in millimeters."""

import numpy as np
import pytest
from synthetic import ring_samples

from echopilot_core import FindingKind, LandmarkName
from echopilot_perception import grid
from echopilot_perception.heads import HEADS, HeadResults
from echopilot_perception.heads.disease import DiseaseHead
from echopilot_perception.heads.enhancement import EnhancementHead
from echopilot_perception.heads.landmarks import LandmarkHead
from echopilot_perception.heads.sizes import NAMES, SizeHead
from echopilot_perception.training import DEFAULT_SPEC, Sample, stack

COARSE = grid.CELLS // 2


def test_a_peak_is_read_where_it_lies() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        x, y = float(rng.uniform(-0.06, 0.06)), float(rng.uniform(0.02, 0.14))
        step = 2 * grid.STANDARD.spacing_m
        columns, rows = np.meshgrid(np.arange(COARSE), np.arange(COARSE))
        away = np.hypot((columns + 0.5) * step - 0.08 - x, (rows + 0.5) * step - y) / step
        p = np.clip(0.95 * np.exp(-0.5 * (away / 1.2) ** 2), 1e-4, 1 - 1e-4)
        logits = np.full((len(LandmarkName), COARSE, COARSE), -9.0, np.float32)
        logits[LandmarkName.APEX] = np.log(p / (1 - p))
        reading = HeadResults()
        LandmarkHead().read(logits, DEFAULT_SPEC, reading)
        (found,) = reading.landmarks
        assert found.name == "APEX"
        assert np.abs(found.position_m - (x, y)).max() < 0.0005
        assert np.linalg.eigvalsh(found.covariance_m2).min() > 0


def test_a_patch_becomes_a_box_around_it() -> None:
    logits = np.full((3, COARSE, COARSE), -6.0, np.float32)
    logits[0, 20:26, 30:40] = 3.0
    logits[2, 50, 50] = 5.0  # a lone cell is no patch
    reading = HeadResults()
    DiseaseHead().read(logits, DEFAULT_SPEC, reading)
    (box,) = reading.boxes
    assert box.kind == FindingKind.THROMBUS.name and box.score == pytest.approx(0.953, abs=0.01)
    step = 2 * grid.STANDARD.spacing_m
    assert (box.left_m, box.right_m) == pytest.approx((30 * step - 0.08, 40 * step - 0.08))
    assert (box.top_m, box.bottom_m) == pytest.approx((20 * step, 26 * step))


def test_sizes_are_read_in_meters() -> None:
    reading = HeadResults()
    SizeHead().read(np.zeros(2 * len(NAMES), np.float32), DEFAULT_SPEC, reading)
    assert [s.name for s in reading.sizes] == list(NAMES)
    assert reading.sizes[0].value == pytest.approx(0.026) and 0 < reading.sizes[0].sigma < 0.026


def test_what_is_not_known_teaches_nothing() -> None:
    torch = pytest.importorskip("torch", reason="the training extra is not installed")
    from echopilot_perception.model.network import build_network
    from echopilot_perception.training.batches import on_device, tensors

    blank = np.zeros((grid.CELLS, grid.CELLS), np.uint8)
    rows = on_device(
        tensors(stack([Sample(np.full((256, 256), 90, np.uint8), np.full_like(blank, 255))] * 2)), torch.device("cpu")
    )
    network = build_network(DEFAULT_SPEC, 0).eval()
    outputs = network(rows["image"])
    for head, output in zip(HEADS, outputs, strict=True):
        assert float(head.loss(output, rows).abs()) == pytest.approx(0.0, abs=1e-6), head.name
    assert torch.isfinite(outputs[0]).all()


def test_each_head_can_learn_the_rings() -> None:
    torch = pytest.importorskip("torch", reason="the training extra is not installed")
    from echopilot_perception.model.network import build_network
    from echopilot_perception.training.batches import on_device, tensors

    rows = on_device(tensors(ring_samples(8, seed=2)), torch.device("cpu"))
    network = build_network(DEFAULT_SPEC, 0).eval()
    optimizer = torch.optim.Adam(network.parameters(), 5e-4)
    history = []
    for _ in range(40):
        losses = [h.loss(o, rows) for h, o in zip(HEADS, network(rows["image"]), strict=True)]
        history.append([float(v) for v in losses])
        optimizer.zero_grad()
        sum(losses).backward()
        optimizer.step()
    for head, first, last in zip(HEADS, history[0], history[-1], strict=True):
        assert head.weight == 0 or last < first, head.name


def test_the_enhanced_image_has_no_checkerboard() -> None:
    rows, columns = np.mgrid[:128, :128]
    results = HeadResults()
    EnhancementHead().read((0.5 + 0.2 * (-1.0) ** (rows + columns))[None].astype(np.float32), DEFAULT_SPEC, results)
    assert np.ptp(results.enhanced) == 0 and results.enhanced[64, 64] in (127, 128)
    steps = 0.5 + 0.2 * (-1.0) ** rows  # of lines as well
    EnhancementHead().read(steps[None].astype(np.float32), DEFAULT_SPEC, results)
    assert np.ptp(results.enhanced[1:-1]) == 0
