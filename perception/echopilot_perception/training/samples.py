"""One training sample, and many of them stacked."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError


@dataclass(frozen=True)
class Sample:
    """A network picture with everything that the heads learn.

    `image` is the pre-processed picture times 255; `labels` the visible class per cell (255: unknown); `guidance`
    (G, 6) the motion to each guidance view divided by its scale, counted only where `guidance_valid` (G,) is true.
    """

    image: NDArray[np.uint8]  # (128, 128)
    labels: NDArray[np.uint8]  # (128, 128)
    view: int
    quality: float
    coupling: NDArray[np.float32]  # (16,)
    guidance: NDArray[np.float32]
    guidance_valid: NDArray[np.bool_]


@dataclass(frozen=True)
class Samples:
    """Stacked samples: every field of `Sample` with a leading axis N."""

    image: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    view: NDArray[np.int64]
    quality: NDArray[np.float32]
    coupling: NDArray[np.float32]
    guidance: NDArray[np.float32]
    guidance_valid: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.image)

    def take(self, index: NDArray[np.int64]) -> "Samples":
        """The samples at `index` (M,)."""
        return Samples(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


def stack(samples: Iterable[Sample]) -> Samples:
    """Stack samples into arrays; raises EchoPilotError when there are none."""
    rows = list(samples)
    if not rows:
        raise EchoPilotError("the data set holds no sample")
    return Samples(
        image=np.stack([s.image for s in rows]),
        labels=np.stack([s.labels for s in rows]),
        view=np.array([s.view for s in rows], dtype=np.int64),
        quality=np.array([s.quality for s in rows], dtype=np.float32),
        coupling=np.stack([s.coupling for s in rows]).astype(np.float32),
        guidance=np.stack([s.guidance for s in rows]).astype(np.float32),
        guidance_valid=np.stack([s.guidance_valid for s in rows]).astype(np.bool_),
    )


def join(parts: list[Samples]) -> Samples:
    """Concatenate stacked samples."""
    if not parts:
        raise EchoPilotError("the data set holds no sample")
    return Samples(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Samples)})
