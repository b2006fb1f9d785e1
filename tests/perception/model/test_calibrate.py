"""After calibration a network's certainty is true, and what it says has not changed."""

import numpy as np
import pytest
from synthetic import ring_samples

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from echopilot_perception.heads import HEADS, sizes  # noqa: E402
from echopilot_perception.model.calibrate import calibrate  # noqa: E402
from echopilot_perception.model.network import build_network  # noqa: E402
from echopilot_perception.training import DEFAULT_SPEC  # noqa: E402
from echopilot_perception.training.batches import on_device, tensors  # noqa: E402

SIZES = [head.name for head in HEADS].index("sizes")


def test_sigmas_fit_the_errors_and_means_stay() -> None:
    data = ring_samples(64, seed=3)
    network = build_network(DEFAULT_SPEC, 2).eval()
    batch = on_device(tensors(data), torch.device("cpu"))
    with torch.no_grad():
        before = network(batch["image"])
        found = calibrate(network, data)
        after = network(batch["image"])
    known = np.isfinite(sizes.standardized(after[SIZES], batch).numpy()).sum(axis=0) >= 30
    assert known.any()
    spread = np.sqrt(np.nanmean(sizes.standardized(after[SIZES], batch).numpy()[:, known] ** 2, axis=0))
    np.testing.assert_allclose(spread, 1.0, rtol=1e-3)
    assert np.array(found.sizes)[~known] == pytest.approx(1.0)
    n = len(sizes.NAMES)
    torch.testing.assert_close(before[SIZES][:, :n], after[SIZES][:, :n])
    for head, old, new in zip(HEADS, before, after, strict=True):
        if head.name == "view":
            assert (old.argmax(dim=1) == new.argmax(dim=1)).all()
