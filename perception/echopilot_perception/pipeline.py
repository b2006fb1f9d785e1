"""One frame in, everything that is seen in it out."""

import time
from pathlib import Path

import numpy as np

from echopilot_core import Frame, Seen, View
from echopilot_perception import grid, ood
from echopilot_perception.frames.preprocess import sector_cells, to_network
from echopilot_perception.heads import read_all
from echopilot_perception.measure.extents import extents
from echopilot_perception.measure.frame import measure_frame
from echopilot_perception.model.manifest import read_manifest
from echopilot_perception.runtime import RuntimeMetadata, make_runtime

EMPTY_SHARE = 0.002  # share of cells that must be brighter than black for a picture to count as one
DEPTHS_M = (0.11, 0.22)  # trained from 0.13 to 0.18 m, stretched by up to a fifth


class Perception:
    """The loaded model. `see` is deterministic and keeps nothing from one frame to the next."""

    def __init__(self, model: Path | None = None, runtime: str = "auto") -> None:
        """Load and verify a model folder (None: the shipped one); raises EchoPilotError with one line."""
        self.manifest = read_manifest(model)
        self._statistics = ood.load(self.manifest.folder / "ood.npz")
        self._runtime = make_runtime(self.manifest, runtime)
        self._runtime.activate()

    @property
    def runtime(self) -> RuntimeMetadata:
        """Which runtime was picked and why."""
        return self._runtime.metadata()

    def see(self, frame: Frame) -> Seen:
        """Read one frame; raises EchoPilotError when it holds no usable picture or geometry.

        A black picture gives quality 0, coupling 0 and view NONE.
        """
        begin = time.perf_counter()
        picture = to_network(frame)
        if float((picture > 0.02).mean()) < EMPTY_SHARE:
            return self._nothing(frame, begin)
        outputs = self._runtime.infer(picture[None, None])
        reading = read_all(outputs, self.manifest.spec)
        return Seen(
            stamp_ns=frame.stamp_ns,
            sequence=frame.sequence,
            geometry=frame.geometry,
            label_map=grid.label_map(reading.labels),
            extents=extents(reading.labels, reading.probability),
            view_probability=reading.view_probability,
            quality=reading.quality,
            coupling=reading.coupling,
            ood_score=max(ood.score(self._statistics, reading.embedding), _unusual_depth(frame)),
            guidance=reading.guidance,
            landmarks=reading.landmarks,
            boxes=reading.boxes,
            measurements=measure_frame(reading, ~sector_cells(frame.geometry)[::2, ::2], frame.sequence),
            enhanced=reading.enhanced,
            model_id=self.manifest.model_id,
            model_sha256=self.manifest.sha256,
            latency_s=time.perf_counter() - begin,
        )

    def close(self) -> None:
        """Free the model."""
        self._runtime.close()

    def _nothing(self, frame: Frame, begin: float) -> Seen:
        probability = np.zeros(len(View))
        probability[View.NONE] = 1.0
        return Seen(
            stamp_ns=frame.stamp_ns,
            sequence=frame.sequence,
            geometry=frame.geometry,
            label_map=grid.label_map(np.zeros((grid.CELLS, grid.CELLS), np.uint8)),
            extents=(),
            view_probability=probability,
            quality=0.0,
            coupling=np.zeros(16),
            ood_score=1.0,
            model_id=self.manifest.model_id,
            model_sha256=self.manifest.sha256,
            latency_s=time.perf_counter() - begin,
        )


def _unusual_depth(frame: Frame) -> float:
    """1 for an imaging depth that is far from those in training, else 0: the features cannot see the setting."""
    low_m, high_m = DEPTHS_M
    return 0.0 if low_m <= frame.geometry.depth_m <= high_m else 1.0
