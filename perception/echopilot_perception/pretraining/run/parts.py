"""Images of a step: in the same order for every number of processes, read ahead in a thread."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from echopilot_core import EchoPilotError
from echopilot_perception.pretraining.data.store import ImageStore
from echopilot_perception.pretraining.recipe.recipe import PretrainRecipe
from echopilot_perception.training.distributed import ProcessGroup, share_of

AHEAD = 4  # steps
LEAST_ROWS = 2  # of a part: batch norm and contrast need a second image


@dataclass(frozen=True)
class StepPlan:
    """Steps of an epoch, and how many `rows` each of the `parts` of this process has in a step."""

    images: int
    steps: int
    rows: int
    parts: int
    processes: ProcessGroup
    seed: int

    @property
    def first_part(self) -> int:
        """Number of this process's first part among those of all processes."""
        return self.processes.rank * self.parts

    def indices(self, step: int) -> list[NDArray[np.int64]]:
        """Images of every part of this process at a step of the run."""
        epoch, within = divmod(step, self.steps)
        order = np.random.default_rng((self.seed, epoch)).permutation(self.images)
        at = (within * self.processes.size * self.parts + self.first_part) * self.rows
        return np.split(order[at : at + self.parts * self.rows], self.parts)


@dataclass(frozen=True)
class StoredPart:
    """Images (N, 256, 256) uint8 with sectors (N, 3) and targets (N, V) of one part, on the processor."""

    image: Tensor
    sectors: Tensor
    targets: Tensor


def plan_steps(images: int, recipe: PretrainRecipe, processes: ProcessGroup) -> StepPlan:
    """Whole batches; of fewer images than a batch, as many as can be split evenly.

    Raises EchoPilotError when there are too few images, or the batch cannot be split among processes and parts.
    """
    pieces = processes.size * recipe.accumulate
    size = recipe.batch if images >= recipe.batch else images // pieces * pieces
    if images < LEAST_ROWS * pieces:
        raise EchoPilotError(f"{images} images are too few to learn from; at least {LEAST_ROWS * pieces} are needed")
    rows = share_of(size, processes, recipe.accumulate)
    if rows < LEAST_ROWS:
        raise EchoPilotError(f"a batch of {size} in {pieces} parts leaves {rows} image to a part; raise batch")
    return StepPlan(images, max(images // size, 1), rows, recipe.accumulate, processes, recipe.seed)


def parts_from(
    store: ImageStore, targets: NDArray[np.int8], plan: StepPlan, first: int, end: int
) -> Iterator[list[StoredPart]]:
    """The parts of the steps first .. end - 1, made ready in a thread; a pure function of the plan."""

    def make(step: int) -> list[StoredPart]:
        return [
            StoredPart(*(torch.from_numpy(np.array(a[index])) for a in (store.images, store.sectors, targets)))
            for index in plan.indices(step)
        ]

    with ThreadPoolExecutor(1) as pool:
        steps = iter(range(first, end))
        ready = deque(pool.submit(make, step) for step in islice(steps, AHEAD))
        try:
            while ready:
                parts = ready.popleft().result()
                ready.extend(pool.submit(make, step) for step in islice(steps, 1))
                yield parts
        finally:
            for future in ready:
                future.cancel()
