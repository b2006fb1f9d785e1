"""Features that are read from the outlines: no change at first, the same from both layouts, no gradient into them."""

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from echopilot_perception.model.network import FEATURES, build_network  # noqa: E402
from echopilot_perception.model.outlines import CLASSES, OutlineFeatures  # noqa: E402
from echopilot_perception.training import DEFAULT_SPEC  # noqa: E402


def _trained(seed: int) -> OutlineFeatures:
    torch.manual_seed(seed)
    features = OutlineFeatures(FEATURES).eval()
    torch.nn.init.normal_(features.last.weight)
    return features


def test_a_network_begins_as_the_one_without_them() -> None:
    network = build_network(DEFAULT_SPEC, 0).eval()
    image = torch.rand(1, 1, 256, 256, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        dense, features = network.backbone(network.gray_levels(image))
        without = [head(dense, features) for head in network.heads.values()]
        assert all(torch.equal(a, b) for a, b in zip(network(image), without, strict=True))


def test_lattices_and_the_whole_map_give_the_same_features() -> None:
    raw = torch.randn(2, 4 * CLASSES, 64, 64, generator=torch.Generator().manual_seed(2))
    features = _trained(3)
    with torch.no_grad():
        torch.testing.assert_close(features(raw), features(torch.pixel_shuffle(raw, 2)), rtol=1e-4, atol=1e-4)


def test_other_outlines_give_other_features_and_learn_nothing_from_them() -> None:
    logits = torch.zeros(2, CLASSES, 128, 128)
    logits[0, 1, 40:80, 40:80] = 8.0
    logits[1, 2, 40:80, 40:80] = 8.0
    logits.requires_grad_()
    found = _trained(4)(logits)
    assert float((found[0] - found[1]).abs().max()) > 0.1
    found.sum().backward()
    assert logits.grad is None
