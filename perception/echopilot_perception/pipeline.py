"""One frame in, everything that is seen in it out."""

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Frame, Measurement, Seen, Tissue, View
from echopilot_perception import grid, ood
from echopilot_perception.frames.preprocess import to_network
from echopilot_perception.heads import HEADS, Reading
from echopilot_perception.measure import aorta, direct, ventricle
from echopilot_perception.measure.extents import extents
from echopilot_perception.model.manifest import read_manifest
from echopilot_perception.runtime import RuntimeMetadata, make_runtime

EMPTY_SHARE = 0.002  # share of cells that must be brighter than black for a picture to count as one
MIN_LV_VIEW = 0.2  # volumes are only computed where an apical view is at all likely
DEPTHS_M = (0.11, 0.22)  # trained from 0.13 to 0.18 m, stretched by up to a fifth
APICAL = (View.A4C, View.A5C, View.A2C, View.A3C)


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
        reading = Reading()
        for head in HEADS:
            head.read(outputs[head.name][0], self.manifest.spec, reading)
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
            measurements=_measure(reading, frame.sequence),
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


def _measure(reading: Reading, sequence: int) -> tuple[Measurement, ...]:
    rows: list[Measurement] = []
    section = aorta.measure_section(
        _soft(reading, Tissue.AO_LUMEN), _soft(reading, Tissue.AO_WALL), grid.X_M, grid.Y_M, grid.SPACING_M
    )
    if section is not None:
        rows += aorta.measurements(section, sequence)
    if sum(float(reading.view_probability[v]) for v in APICAL) >= MIN_LV_VIEW:
        cavity = ventricle.measure_ventricle(_soft(reading, Tissue.LV), grid.X_M, grid.Y_M, grid.SPACING_M)
        if cavity is not None:
            rows.append(ventricle.measurement(cavity, sequence))
    return direct.fused((*rows, *direct.measurements(reading.sizes, reading.view_probability, sequence)))


def _soft(reading: Reading, tissue: Tissue) -> NDArray[np.float64]:
    return np.asarray(reading.probability[tissue], dtype=np.float64)
