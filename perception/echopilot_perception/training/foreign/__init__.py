"""Made-up images that show neither heart nor aorta: other organs, lungs, spectra, M-mode, phantoms, air.

From them the network learns what NONE is, and the out-of-distribution score what is foreign. They are as bright or dark
as others, and an augmentation changes all alike: brightness must not tell what an image shows.
"""

from collections.abc import Callable

import numpy as np

from echopilot_perception.training.foreign.fields import Image, Rng
from echopilot_perception.training.foreign.organs import kidney, liver, lung, organ, pleural_fluid, vessel
from echopilot_perception.training.foreign.screens import m_mode, trace
from echopilot_perception.training.foreign.textures import air, phantom, shuffled, texture, upside_down

KINDS: tuple[Callable[[Image, Rng], Image], ...] = (
    shuffled,
    upside_down,
    texture,
    phantom,
    air,
    organ,
    trace,
    m_mode,
    lung,
    kidney,
    vessel,
    liver,
    pleural_fluid,
)


def foreign_images(images: Image, rng: Rng) -> Image:
    """One foreign image (256, 256) uint8 for each image of a heart or aorta (N, 256, 256), a pure function of both."""
    made = [KINDS[i % len(KINDS)](image, rng) for i, image in enumerate(images)]
    return np.stack([np.ascontiguousarray(image, np.uint8) for image in made])


__all__ = ["KINDS", "foreign_images"]
