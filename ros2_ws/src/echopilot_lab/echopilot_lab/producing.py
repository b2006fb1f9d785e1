"""The one producer of pictures with their truth; training shards and data sets only write it down differently."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import Frame
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.bmode import Renderer
from echopilot_sim.cells import NETWORK_CELLS, CellGrid
from echopilot_sim.moment import Moment
from echopilot_sim.truth import Truth, truth_of

MAX_OVERSAMPLING = 8
SPECKLES = 4  # speckle volumes: drawing one costs more than a picture, so patients share them
TWIN_SHARE = 0.12


@dataclass(frozen=True)
class Picture:
    """A frame and the truth of the same moment, exact and visible mask included.

    `twin` is the same moment seen with other speckle, where one was asked for.
    """

    moment: Moment
    frame: Frame
    truth: Truth
    twin: Frame | None = None


def pictures(
    anatomy: Anatomy,
    moments: Sequence[Moment],
    renderers: Sequence[Renderer],
    rng: np.random.Generator,
    cells: CellGrid = NETWORK_CELLS,
    twins: Sequence[Renderer] = (),
) -> Iterator[Picture]:
    """Render the moments of one patient, each by one of the renderers at random; masks lie on `cells`.

    `twins` are the renderers with other speckle; some of the pictures are rendered by them, too.
    """
    for moment in moments:
        which = int(rng.integers(len(renderers)))
        rendered = renderers[which].render_with_truth(moment, cells)
        twin = twins[which].render(moment) if twins and rng.random() < TWIN_SHARE else None
        yield Picture(moment, rendered.frame, truth_of(anatomy, moment, True, rendered.visibility, cells), twin)


def on_cells(frame: Frame, cells: CellGrid) -> NDArray[np.uint8]:
    """The picture (cells, cells) uint8 resampled to the cells of its masks: every cell is the mean over its area."""
    geometry = frame.geometry
    finest_m = min(geometry.spacing_x_m, geometry.spacing_y_m)
    k = int(np.clip(round(cells.spacing_m / finest_m), 1, MAX_OVERSAMPLING))
    step_m, n = cells.spacing_m / k, cells.cells
    left_m, top_m = 0.5 * (step_m - n * cells.spacing_m), cells.top_m + 0.5 * step_m
    to_source = np.array(
        [
            [step_m / geometry.spacing_x_m, 0.0, left_m / geometry.spacing_x_m + geometry.origin_u_px],
            [0.0, step_m / geometry.spacing_y_m, top_m / geometry.spacing_y_m + geometry.origin_v_px],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    fine = cv2.warpAffine(np.ascontiguousarray(frame.image), to_source, (n * k, n * k), flags=flags)
    return np.asarray(fine if k == 1 else cv2.resize(fine, (n, n), interpolation=cv2.INTER_AREA), np.uint8)
