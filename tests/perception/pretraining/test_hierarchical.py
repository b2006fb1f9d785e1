"""The hierarchical classifier: exact entropy, exactly no gradient where nothing is known, no child above its parent."""

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from torch.nn import functional  # noqa: E402

from echopilot_perception.pretraining.losses.hierarchical import (  # noqa: E402
    NodeTable,
    consistency,
    consistent,
    level_entropy,
    violation,
)

# 0 chest (1 heart (3 A4C), 2 lung), 4 belly (5 liver)
TABLE = NodeTable(torch.tensor([0, 1, 1, 2, 0, 1]), torch.tensor([-1, 0, 0, 1, -1, 4]))


def test_one_level_is_plain_cross_entropy() -> None:
    flat = NodeTable(torch.zeros(5, dtype=torch.int64), torch.full((5,), -1))
    logits, targets = torch.randn(7, 5, generator=torch.Generator().manual_seed(1)), torch.arange(35).view(7, 5) % 2
    expected = functional.binary_cross_entropy_with_logits(logits, targets.float())
    assert torch.equal(level_entropy(logits, targets.to(torch.int8), flat), expected) or torch.allclose(
        level_entropy(logits, targets.to(torch.int8), flat), expected, rtol=1e-6
    )
    assert consistency(logits, targets.to(torch.int8), flat) == 0.0


def test_levels_count_equally_however_many_nodes_they_have() -> None:
    targets = torch.tensor([[1, 1, 0, 1, 0, 0]], dtype=torch.int8)
    logits = torch.zeros(1, 6)
    logits[0, 3] = 20.0  # the only node of its level is right
    assert level_entropy(logits, targets, TABLE).item() == pytest.approx((0.693147 + 0.693147 + 0.0) / 3, abs=1e-5)


def test_unknown_nodes_have_exactly_no_gradient() -> None:
    logits = torch.randn(3, 6, generator=torch.Generator().manual_seed(2), requires_grad=True)
    targets = torch.tensor([[1, 1, 0, -1, 0, 0], [-1] * 6, [1, -1, -1, -1, -1, -1]], dtype=torch.int8)
    (level_entropy(logits, targets, TABLE) + consistency(logits, targets, TABLE)).backward()
    assert logits.grad is not None
    assert (logits.grad[targets < 0] == 0.0).all()
    assert (logits.grad[targets >= 0] != 0.0).all()


def test_nothing_known_is_no_loss() -> None:
    targets = torch.full((2, 6), -1, dtype=torch.int8)
    assert level_entropy(torch.randn(2, 6), targets, TABLE) == 0.0
    assert consistency(torch.randn(2, 6), targets, TABLE) == 0.0


def test_consistency_by_hand() -> None:
    logits = torch.logit(torch.tensor([[0.5, 0.7, 0.2, 0.6, 0.3, 0.4]]))
    targets = torch.tensor([[1, 1, 0, 1, 0, -1]], dtype=torch.int8)
    assert torch.allclose(violation(logits, TABLE), torch.tensor([[0.2, 0.0, 0.0, 0.1]]), atol=1e-6)
    assert consistency(logits, targets, TABLE).item() == pytest.approx(
        (logits[0, 1] - logits[0, 0]).item() / 3
    )  # no liver
    assert torch.allclose(consistent(logits, TABLE), torch.tensor([[0.5, 0.5, 0.2, 0.5, 0.3, 0.3]]), atol=1e-6)


def test_after_a_toy_fit_no_child_is_more_probable_than_its_parent() -> None:
    generator = torch.Generator().manual_seed(3)
    kinds = torch.tensor([[1, 1, 0, 1, 0, 0], [1, 0, 1, 0, 0, 0], [0, 0, 0, 0, 1, 1], [1, 1, 0, 0, 0, 0]])
    features = torch.eye(4)[torch.arange(64) % 4] + 0.1 * torch.randn(64, 4, generator=generator)
    targets = kinds[torch.arange(64) % 4].to(torch.int8)
    layer = torch.nn.Linear(4, 6)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.3)
    for _ in range(100):
        optimizer.zero_grad()
        logits = layer(features)
        (level_entropy(logits, targets, TABLE) + consistency(logits, targets, TABLE)).backward()
        optimizer.step()
    logits = layer(features)
    assert violation(logits, TABLE).max() < 1e-3
    assert ((logits > 0) == (targets > 0)).all()
