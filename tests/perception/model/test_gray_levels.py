"""Gray levels before the network: the same for every gain and gamma, and black stays black."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from echopilot_perception.model.gray_levels import LEVELS, GrayLevels  # noqa: E402
from echopilot_perception.model.network import build_network  # noqa: E402
from echopilot_perception.training import DEFAULT_SPEC  # noqa: E402

IMAGES = 0.6 * torch.rand(4, 1, 256, 256, generator=torch.Generator().manual_seed(1)) ** 4


@pytest.mark.parametrize(("factor", "power"), [(1.0, 0.5), (1.0, 0.7), (1.0, 1.4), (1.0, 2.0), (0.6, 1.0), (1.5, 1.2)])
def test_gain_and_gamma_change_nothing(factor: float, power: float) -> None:
    levels = GrayLevels()
    found, changed = levels(IMAGES), levels(factor * IMAGES**power)
    seen = IMAGES > 0.02  # the faintest, of which less than a gray level is left, are kept from being made from noise
    assert float((found - changed)[seen].abs().max()) < 1e-3


def test_two_quantiles_become_the_levels() -> None:
    found = GrayLevels()(IMAGES).numpy()
    for image in found:
        np.testing.assert_allclose(np.quantile(image, [0.85, 0.985]), LEVELS, atol=0.03)  # of the cells looked at


def test_order_stays_and_black_stays_black() -> None:
    image = torch.linspace(0.0, 1.0, 65536).reshape(1, 1, 256, 256)
    image[0, 0, :100] = 0.0
    found = GrayLevels()(image).flatten()
    assert bool((found.diff() >= 0.0).all()) and float(found[:25_600].max()) == 0.0
    assert float(GrayLevels()(torch.zeros(1, 1, 256, 256)).max()) == 0.0


def test_noise_of_a_dark_image_stays_dark() -> None:
    noise = 0.004 * torch.rand(1, 1, 256, 256, generator=torch.Generator().manual_seed(2))
    assert float(GrayLevels()(noise).max()) < LEVELS[0]


def test_a_network_judges_all_gains_alike_unless_its_weights_say_otherwise() -> None:
    network = build_network(DEFAULT_SPEC, 0).eval()
    with torch.no_grad():
        a, b = network(IMAGES), network(0.5 * IMAGES**1.3)
        assert max(float((x - y).abs().max()) for x, y in zip(a, b, strict=True)) < 0.01
        network.gray_levels.applied.fill_(False)
        assert torch.equal(network.gray_levels(IMAGES), IMAGES)
