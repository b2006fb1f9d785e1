"""Tiny training samples and frames that need no simulator: a bright ring whose place decides every label."""

import numpy as np

from echopilot_core import Frame, LandmarkName, ProbeGeometry, ProbeKind, SectorBox, SegmentationClass, View
from echopilot_perception import grid
from echopilot_perception.training import DEFAULT_SPEC, Sample, Samples, stack


def ring_sample(rng: np.random.Generator) -> Sample:
    """A vessel-like disc on noise; left ones are A4C, right ones PLAX. Everything that the heads learn is known."""
    image = (rng.random((256, 256)) * 120 + 10).astype(np.uint8)
    labels = np.zeros((128, 128), np.uint8)
    cx, cy = (int(v) for v in rng.integers(30, 98, 2))
    rows, columns = np.mgrid[:128, :128]
    distance = np.hypot(columns - cx, rows - cy)
    fine = np.kron(distance, np.ones((2, 2)))
    image[fine < 14], labels[distance < 14] = 240, SegmentationClass.AO_WALL
    image[fine < 10], labels[distance < 10] = 5, SegmentationClass.AO_LUMEN
    landmarks = np.full((len(LandmarkName), 2), np.nan, np.float32)
    landmarks[LandmarkName.AORTA_NEAR] = grid.STANDARD.x_m[cx], grid.STANDARD.y_m[cy - 14]
    landmarks[LandmarkName.AORTA_FAR] = grid.STANDARD.x_m[cx], grid.STANDARD.y_m[cy + 14]
    return Sample(
        image=image,
        labels=labels,
        view=int(View.A4C if cx < 64 else View.PLAX),
        quality=cy / 128,
        coupling=np.full(16, cy / 128, np.float32),
        guidance=np.full((len(DEFAULT_SPEC.guidance), 6), (cx - 64) / 40, np.float32),
        guidance_valid=np.arange(len(DEFAULT_SPEC.guidance)) == 0,
        landmarks=landmarks,
        landmarks_known=True,
        sizes=np.array([0.035, np.nan, 1e-4], np.float32),
        disease=np.where(distance[::2, ::2] < 6, 1, 0).astype(np.uint8),
        calm=(labels > 0).astype(np.uint8) * 120,
        calm_known=True,
    )


def ring_samples(count: int, seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    return stack(ring_sample(rng) for _ in range(count))


def phased_geometry(spacing_m: float, origin_u_px: float, origin_v_px: float, depth_m: float = 0.16) -> ProbeGeometry:
    return ProbeGeometry(
        ProbeKind.PHASED, 0.0, np.pi / 2, 0.02, depth_m, spacing_m, spacing_m, origin_u_px, origin_v_px, 2.5e6
    )


def frame_of(image: np.ndarray, geometry: ProbeGeometry, sequence: int = 7, stamp_ns: int = 123) -> Frame:
    return Frame(stamp_ns, sequence, image, geometry, SectorBox(0, 0, image.shape[1], image.shape[0]))
