"""Structured contrast: supervised contrast at one level, InfoNCE without labels, pairs ordered by what they share."""

import math

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from torch.nn import functional  # noqa: E402

from echopilot_perception.pretraining.losses.structured import (  # noqa: E402
    PairRelations,
    pair_relations,
    structured_contrast,
)

GENERATOR_SEED = 5


def unit(rows: int, width: int = 8) -> torch.Tensor:
    return functional.normalize(
        torch.randn(rows, width, generator=torch.Generator().manual_seed(GENERATOR_SEED)), dim=1
    )


def one_hot(classes: list[int]) -> torch.Tensor:
    return functional.one_hot(torch.tensor(classes)).to(torch.int8)


def supcon(features: torch.Tensor, classes: torch.Tensor, temperature: float) -> torch.Tensor:
    """Khosla et al. 2020, equation 2, written out anchor by anchor."""
    losses = []
    for i in range(len(features)):
        others = [a for a in range(len(features)) if a != i]
        scores = {a: features[i] @ features[a] / temperature for a in others}
        below = torch.logsumexp(torch.stack([scores[a] for a in others]), dim=0)
        positives = [p for p in others if classes[p] == classes[i]]
        if positives:
            losses.append(sum(below - scores[p] for p in positives) / len(positives))
    return torch.stack(losses).mean()


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_one_level_is_supervised_contrast(temperature: float) -> None:
    classes = torch.tensor([0, 1, 2, 0, 1, 1, 0, 1, 2, 0, 1, 1])
    features = unit(12)
    relations = pair_relations(one_hot(classes.tolist()), torch.zeros(3, dtype=torch.int64), torch.arange(12) % 6)
    found = structured_contrast(features, relations, temperature)
    assert found.item() == pytest.approx(supcon(features, classes, temperature).item(), rel=1e-6)


@pytest.mark.parametrize("levels", [[0, 0, 0], [0, 1, 2]])
def test_without_labels_it_is_infonce_of_two_views(levels: list[int]) -> None:
    features, image = unit(10), torch.arange(10) % 5
    targets = torch.full((10, 3), -1, dtype=torch.int8)
    found = structured_contrast(features, pair_relations(targets, torch.tensor(levels), image), 0.2)
    logits = features @ features.T / 0.2
    logits.fill_diagonal_(-math.inf)
    expected = functional.cross_entropy(logits, (torch.arange(10) + 5) % 10)
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)


def test_four_images_by_hand() -> None:
    """Two levels; images 0 and 1 share both, 2 shares the first with them, 3 nothing. Temperature 1."""
    features = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [-1.0, 0.0]])
    targets = torch.tensor([[1, 0, 1, 0, 0], [1, 0, 1, 0, 0], [1, 0, 0, 1, 0], [0, 1, 0, 0, 1]], dtype=torch.int8)
    relations = pair_relations(targets, torch.tensor([0, 0, 1, 1, 1]), torch.arange(4))
    e = math.e
    z0, z1, z2 = (math.log(total) for total in (1 + e + 1 / e, 3.0, e + 1 + 1 / e))
    fine = (z0 + z1) / 2  # pair 0-1, similarity 0 both ways
    near, far = z0 - 1.0, z0  # 0-2 is nearer than 0-1, so it counts as 0-1 does
    assert near < far
    coarse = ((far + far) / 2 + (z1 + z1) / 2 + ((z2 - 1.0) + z2) / 2) / 3
    assert structured_contrast(features, relations, 1.0, 1.0).item() == pytest.approx((coarse + fine) / 2, abs=1e-6)


def test_a_pair_that_may_share_more_is_neither_pulled_nor_pushed_at_that_level() -> None:
    """Image 1 is known to the first level alone."""
    targets = torch.tensor([[1, 0, 1, 0], [1, 0, -1, -1], [1, 0, 0, 1], [0, 1, 0, 0]], dtype=torch.int8)
    relations = pair_relations(targets, torch.tensor([0, 0, 1, 1]), torch.arange(4))
    assert relations.positive[0, 0, 1] and not relations.positive[1, 0, 1]
    assert not relations.counted[1, 0, 1] and relations.counted[1, 0, 2] and relations.counted[1, 1, 3]
    features = unit(4).requires_grad_()
    only_deep = PairRelations(relations.positive[1:], relations.counted[1:])
    structured_contrast(features, only_deep).backward()
    assert features.grad is not None and (features.grad == 0.0).all()  # no positive pair at the second level


def test_free_features_end_with_every_pair_that_shares_more_nearer() -> None:
    """Of 12 images with two views each, in a tree of three levels with several organs in some."""
    tree_levels = torch.tensor([0] * 2 + [1] * 4 + [2] * 6)
    leaves = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    organ, region = [0, 0, 1, 2, 2, 3], [0, 0, 1, 1]
    targets = torch.zeros(12, 12, dtype=torch.int8)
    for row, leaf in enumerate(leaves):
        for node in (region[organ[leaf]], 2 + organ[leaf], 6 + leaf):
            targets[row, node] = 1
    targets, image = targets.repeat(2, 1), torch.arange(24) % 12
    relations = pair_relations(targets, tree_levels, image)
    free = torch.randn(24, 16, generator=torch.Generator().manual_seed(1), requires_grad=True)
    optimizer = torch.optim.Adam([free], lr=0.05)
    for _ in range(400):
        optimizer.zero_grad()
        structured_contrast(functional.normalize(free, dim=1), relations, 0.2).backward()
        optimizer.step()
    similarity = functional.normalize(free.detach(), dim=1) @ functional.normalize(free.detach(), dim=1).T
    shared = relations.positive.sum(dim=0)
    for anchor in range(24):
        others = torch.arange(24) != anchor
        for more in (1, 2, 3):
            nearer, farther = (similarity[anchor][others & keep] for keep in
                               (shared[anchor] == more, shared[anchor] < more))  # fmt: skip
            if len(nearer) and len(farther):
                assert nearer.min() >= farther.max() - 1e-3, (anchor, more)


def test_a_nearer_pair_that_shares_less_is_not_pulled_but_the_farther_that_shares_more_is() -> None:
    features = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.99, 0.14]], requires_grad=True)
    positive = torch.zeros(2, 3, 3, dtype=torch.bool)
    positive[0, 0, 2] = True  # anchor 0: image 2 shares one level, image 1 both
    positive[1, 0, 1] = positive[0, 0, 1] = True
    nobody_else = torch.ones(2, 3, 3, dtype=torch.bool) & ~torch.eye(3, dtype=torch.bool)
    structured_contrast(features, PairRelations(positive, nobody_else), 1.0).backward()
    assert features.grad is not None
    assert (features.grad[0] @ torch.tensor([0.0, 1.0])) < 0.0  # the anchor moves towards image 1
    assert (features.grad[2] @ features.detach()[0]) > 0.0  # image 2 is pushed away alone
