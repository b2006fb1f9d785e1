"""Rendered images with their truth, for training shards and data sets alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from echopilot_core import Frame
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.bmode import Renderer
from echopilot_sim.frame_state import FrameState
from echopilot_sim.mask_grids import CellGrid, network_cells
from echopilot_sim.truth.frame_truth import Truth, truth_of

SPECKLES = 4  # speckle volumes: drawing one costs more than an image, so patients share them
TWIN_SHARE = 0.12


@dataclass(frozen=True)
class RenderedSample:
    """A frame and the truth of the same frame state, exact and visible mask included.

    `twin` is the same frame state seen with other speckle, where one was asked for.
    """

    frame_state: FrameState
    frame: Frame
    truth: Truth
    twin: Frame | None = None


def render_samples(
    anatomy: Anatomy,
    frame_states: Sequence[FrameState],
    renderers: Sequence[Renderer],
    rng: np.random.Generator,
    cells: CellGrid | None = None,
    twins: Sequence[Renderer] = (),
) -> Iterator[RenderedSample]:
    """Render the frame states of one patient, each by one of the renderers at random.

    Masks lie on `cells`; None: on those of perception, which are as deep as the image.

    `twins` are the renderers with other speckle; some of the images are rendered by them, too.
    """
    for frame_state in frame_states:
        which = int(rng.integers(len(renderers)))
        own = cells or network_cells(frame_state.imaging.depth_m)
        rendered = renderers[which].render_with_truth(frame_state, own)
        twin = twins[which].render(frame_state) if twins and rng.random() < TWIN_SHARE else None
        yield RenderedSample(
            frame_state, rendered.frame, truth_of(anatomy, frame_state, True, rendered.visibility, own), twin
        )
