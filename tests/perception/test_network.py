"""The network keeps its promises about size, speed-relevant shapes and the training lattices."""

import pytest
from synthetic import ring_samples

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from echopilot_perception.heads import HEADS  # noqa: E402
from echopilot_perception.model.network import build_network  # noqa: E402
from echopilot_perception.training import DEFAULT_SPEC  # noqa: E402


def test_small_enough_for_its_checkpoint() -> None:
    weights = sum(p.numel() for p in build_network(DEFAULT_SPEC, 0).parameters())
    assert weights <= 2_400_000


def test_lattices_are_the_image() -> None:
    """What the loss sees of lattice (i, j) while training is what the full map shows at cells (i::2, j::2)."""
    network = build_network(DEFAULT_SPEC, 1).eval()
    image = torch.from_numpy(ring_samples(2, seed=3).image).float()[:, None] / 255
    with torch.no_grad():
        dense, features = network.backbone(image)
        head = network.heads["segmentation"]
        full = head(dense, features)
        raw = head.train()(dense, features)
    for row in range(2):
        for column in range(2):
            assert torch.equal(full[:, :, row::2, column::2], raw[:, 2 * row + column :: 4])


def test_same_seed_same_weights() -> None:
    a, b = (build_network(DEFAULT_SPEC, 5).state_dict() for _ in range(2))
    assert all(torch.equal(a[k], b[k]) for k in a)
    assert len({head.name for head in HEADS}) == len(HEADS)
