"""Screens drawn around a speckled fan: text, rulers, traces, borders, panels."""

import cv2
import numpy as np

U, V, FAR, HALF_RAD = 310.0, 24.0, 380.0, np.deg2rad(40.0)


def fan(
    shape: tuple[int, int] = (480, 640),
    u: float = U,
    v: float = V,
    near: float = 5.0,
    far: float = FAR,
    half_rad: float = HALF_RAD,
    seed: int = 1,
) -> np.ndarray:
    """A speckled fan (H, W) uint8 with a dark chamber, on black."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    r, a = np.hypot(columns - u, rows - v), np.arctan2(columns - u, rows - v)
    speckle = cv2.GaussianBlur(rng.rayleigh(38, shape).astype(np.float32), (0, 0), 1.2)
    speckle[np.hypot(columns - u - 0.1 * far, rows - v - 0.5 * far) < 0.16 * far] *= 0.15
    return np.where((r > near) & (r < far) & (np.abs(a) < half_rad), speckle, 0).clip(0, 255).astype(np.uint8)


def written(image: np.ndarray) -> np.ndarray:
    """The screen with text, a ruler, a gray bar and a trace."""
    image = image.copy()
    height, width = image.shape
    for row, text in enumerate(("Adult Echo", "X5-1 50Hz", "16cm", "2D 60% C50")):
        cv2.putText(image, text, (6, 24 + 20 * row), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 255, 1, cv2.LINE_AA)
    cv2.putText(image, "75 bpm", (width - 70, height - 12), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 255, 1, cv2.LINE_AA)
    for k in range(17):
        cv2.line(image, (width - 18, 24 + 23 * k), (width - 12, 24 + 23 * k), 255, 1)
    image[60:180, width - 45 : width - 33] = np.linspace(255, 0, 120, dtype=np.uint8)[:, None]
    trace = height - 40 - (20 * (np.arange(width // 2) % 60 < 5)).astype(int)
    for column, row in enumerate(trace):
        image[row : row + 2, 10 + column] = 220
    return image


def mixed(seed: int = 3, kind: str = "spectrum") -> np.ndarray:
    """A small fan above a spectrum or an M-mode that is as wide as the screen."""
    image = np.zeros((768, 1024), np.uint8)
    small = fan((320, 460), u=230.0, v=22.0, far=240.0, half_rad=np.deg2rad(38.0), seed=seed)
    image[40:360, 300:760] = small
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:300, :900]
    if kind == "spectrum":
        top = 90 + 90 * np.abs(np.sin(columns / 70.0))
        lower = np.where((rows > 150 - top / 2) & (rows < 160 + top / 6), rng.rayleigh(60, rows.shape), 0)
    else:
        lower = rng.rayleigh(45, rows.shape) * (0.3 + 0.7 * (np.sin(rows / 17.0 + np.sin(columns / 60.0)) > 0))
    image[420:720, 60:960] = lower.clip(0, 255).astype(np.uint8)
    return image
