"""Training samples, single and stacked."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, LandmarkName, View
from echopilot_perception import grid
from echopilot_perception.heads.base import UNKNOWN_LABEL
from echopilot_perception.heads.coupling import COLUMNS
from echopilot_perception.heads.sizes import NAMES

UNKNOWN_VIEW = -1
GUIDANCE_VIEWS = len(View) - 1  # all but NONE


@dataclass(frozen=True)
class Sample:
    """A network image with the targets of all heads; omitted targets are unknown and do not contribute to the loss.

    Lengths are those of an image that looks the same and is 160 mm deep: divided by `NetworkGrid.scale`.
    `image` is the pre-processed image times 255 and `labels` the visible class per cell (255: unknown). `guidance`
    (G, 6) is the motion to each guidance view divided by its scale, counted only where `guidance_valid` (G,) is true.
    `landmarks` (7, 2) are points [m] in us_image by LandmarkName, NaN where the image shows no such point. `sizes`
    (3,) are those of heads.sizes.NAMES in SI units, NaN where unknown. `disease` has a bit for each of
    heads.disease.KINDS per cell (255: unknown). `calm` is the same image with other speckle, from which enhancement
    is learned.
    """

    image: NDArray[np.uint8]  # (256, 256)
    labels: NDArray[np.uint8]  # (128, 128)
    view: int = UNKNOWN_VIEW
    quality: float = float("nan")
    coupling: NDArray[np.float32] = field(default_factory=lambda: np.full(COLUMNS, np.nan, np.float32))
    guidance: NDArray[np.float32] = field(default_factory=lambda: np.zeros((GUIDANCE_VIEWS, 6), np.float32))
    guidance_valid: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(GUIDANCE_VIEWS, np.bool_))
    landmarks: NDArray[np.float32] = field(default_factory=lambda: np.full((len(LandmarkName), 2), np.nan, np.float32))
    landmarks_known: bool = False
    sizes: NDArray[np.float32] = field(default_factory=lambda: np.full(len(NAMES), np.nan, np.float32))
    disease: NDArray[np.uint8] = field(
        default_factory=lambda: np.full((grid.COARSE_CELLS, grid.COARSE_CELLS), UNKNOWN_LABEL, np.uint8)
    )
    calm: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((grid.CELLS, grid.CELLS), np.uint8))
    calm_known: bool = False


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
    landmarks: NDArray[np.float32]
    landmarks_known: NDArray[np.bool_]
    sizes: NDArray[np.float32]
    disease: NDArray[np.uint8]
    calm: NDArray[np.uint8]
    calm_known: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.image)

    def take(self, index: NDArray[np.int64]) -> "Samples":
        """The samples at `index` (M,)."""
        return Samples(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


_KINDS = {"view": np.int64, "quality": np.float32, "landmarks_known": np.bool_, "calm_known": np.bool_}


def stack(samples: Iterable[Sample]) -> Samples:
    """Stack samples into arrays; raises EchoPilotError when there are none."""
    rows = list(samples)
    if not rows:
        raise EchoPilotError("the data set holds no sample")
    columns = {f.name: [getattr(row, f.name) for row in rows] for f in fields(Sample)}
    return Samples(**{name: np.array(column, dtype=_KINDS.get(name)) for name, column in columns.items()})


def join(parts: list[Samples]) -> Samples:
    """Concatenate stacked samples."""
    if not parts:
        raise EchoPilotError("the data set holds no sample")
    return Samples(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Samples)})
