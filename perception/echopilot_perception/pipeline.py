"""Perception pipeline: one frame in, one `PerceptionResult` out."""

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from echopilot_core import (
    Frame,
    HeadName,
    ImagingMode,
    PerceptionResult,
    ProbeGeometry,
    ProbeKind,
    SectorBox,
    SegmentationClass,
    View,
)
from echopilot_perception import grid, ood
from echopilot_perception.frames.preprocess import sector_cells, to_network
from echopilot_perception.heads import HeadResults, read_heads
from echopilot_perception.heads.coupling import COLUMNS
from echopilot_perception.measure.regions import extents
from echopilot_perception.model.manifest import OOD_FILE, read_manifest
from echopilot_perception.runtime import RuntimeMetadata, make_runtime

EMPTY_SHARE = 0.002  # share of cells that must be brighter than black for an image to count as one
DEPTHS_M = (0.05, 0.3)  # the network sees every image at its full depth; others are not of heart or aorta


class Perception:
    """A loaded model. `see` is deterministic and keeps no state between frames."""

    def __init__(self, model: Path | None = None, runtime: str = "auto") -> None:
        """Load and verify a model folder.

        Args:
            model: the model folder; None for the shipped one (echopilot-edge).
            runtime: one of `runtime.NAMES`, optionally with a precision (`onnxruntime:int8`).

        Raises:
            EchoPilotError: a file is missing or damaged, or the runtime is not available.
        """
        from echopilot_perception.measure.frame import measure_frame, without_scale  # SciPy: only with a model

        self._measure_frame, self._without_scale = measure_frame, without_scale
        self.manifest = read_manifest(model)
        self._statistics = ood.load(self.manifest.folder / OOD_FILE) if self.manifest.judges_ood else None
        self._runtime = make_runtime(self.manifest, runtime)
        self._runtime.activate()
        self._heads = frozenset(head.gives for head in self.manifest.heads)

    @property
    def runtime(self) -> RuntimeMetadata:
        """The selected runtime and the reason for the selection."""
        return self._runtime.metadata()

    def see(self, frame: Frame) -> PerceptionResult:
        """Result of one frame; a black image gives quality 0, coupling 0 and view NONE.

        Args:
            frame: image with geometry; preprocessed here.

        Returns:
            The result with stamp and sequence of the frame. What the model has no head for is unknown: no view, no
            classes, NaN for quality, coupling and out-of-distribution score. An image of another mode than B or color
            (a small one beside a spectrum or an M-mode) is outlined, but its view is NONE.

        Raises:
            EchoPilotError: the frame holds no usable image or geometry.
        """
        begin = time.perf_counter()
        image = to_network(frame)
        if float((image > 0.02).mean()) < EMPTY_SHARE:
            return self._nothing(frame, begin)
        outputs = self._runtime.infer(image[None, None])
        results = read_heads(outputs, self.manifest.spec, grid.grid_of(frame.geometry), self.manifest.heads)
        _mark_unknown(results, self._heads)
        if frame.imaging.mode is ImagingMode.OTHER:
            results.view_probability = _no_view()
        measurements = self._measure_frame(results, ~sector_cells(frame.geometry)[::2, ::2], frame.sequence)
        return PerceptionResult(
            stamp_ns=frame.stamp_ns,
            sequence=frame.sequence,
            geometry=frame.geometry,
            label_map=results.grid.label_map(results.labels),
            extents=extents(results.labels, results.probability, results.grid),
            view_probability=results.view_probability,
            quality=results.quality,
            coupling=results.coupling,
            ood_score=self._ood_score(results, frame),
            guidance=results.guidance,
            landmarks=results.landmarks,
            boxes=results.boxes,
            measurements=measurements if frame.imaging.calibrated else self._without_scale(measurements),
            enhanced=results.enhanced if HeadName.ENHANCEMENT in self._heads else None,
            model_id=self.manifest.model_id,
            model_sha256=self.manifest.sha256,
            latency_s=time.perf_counter() - begin,
            heads=self._heads,
        )

    def close(self) -> None:
        """Free the model."""
        self._runtime.close()

    def _ood_score(self, results: HeadResults, frame: Frame) -> float:
        if self._statistics is None:
            return float("nan")
        return max(ood.score(self._statistics, results.embedding), _unusual(frame))

    def _nothing(self, frame: Frame, begin: float) -> PerceptionResult:
        return PerceptionResult(
            stamp_ns=frame.stamp_ns,
            sequence=frame.sequence,
            geometry=frame.geometry,
            label_map=grid.grid_of(frame.geometry).label_map(np.zeros((grid.CELLS, grid.CELLS), np.uint8)),
            extents=(),
            view_probability=_no_view(),
            quality=0.0 if HeadName.QUALITY in self._heads else float("nan"),
            coupling=np.full(COLUMNS, 0.0 if HeadName.COUPLING in self._heads else np.nan),
            ood_score=1.0 if HeadName.OOD in self._heads else float("nan"),
            model_id=self.manifest.model_id,
            model_sha256=self.manifest.sha256,
            latency_s=time.perf_counter() - begin,
            heads=self._heads,
        )


def _mark_unknown(results: HeadResults, heads: frozenset[HeadName]) -> None:
    """Set what a model has no head for: neither view nor classes, and NaN, with which nothing is accepted."""
    if HeadName.SEGMENTATION not in heads:
        results.labels = np.zeros((grid.CELLS, grid.CELLS), np.uint8)
        results.probability = np.zeros((len(SegmentationClass), grid.CELLS, grid.CELLS), np.float32)
    if HeadName.VIEW not in heads:
        results.view_probability = _no_view()
    if HeadName.QUALITY not in heads:
        results.quality = float("nan")
    if HeadName.COUPLING not in heads:
        results.coupling = np.full(COLUMNS, np.nan)


def _no_view() -> NDArray[np.float64]:
    probability = np.zeros(len(View))
    probability[View.NONE] = 1.0
    return probability


def _unusual(frame: Frame) -> float:
    """1 for another mode than B or color and for a depth at which nobody images heart or aorta, else 0."""
    low_m, high_m = DEPTHS_M
    return float(frame.imaging.mode is ImagingMode.OTHER or not low_m <= frame.geometry.depth_m <= high_m)


def warm_up_frame() -> Frame:
    """A speckled frame of 160 mm depth for the first inference, which is slow."""
    geometry = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.57, 0.019, 0.16, 0.0005, 0.0005, 160.0, 0.0, 2.5e6)
    image = np.random.default_rng(0).integers(0, 255, (320, 320), dtype=np.uint8)
    return Frame(0, 0, image, geometry, SectorBox(0, 0, 320, 320))
