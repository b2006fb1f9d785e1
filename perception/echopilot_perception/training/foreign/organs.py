"""Images of other organs: lungs, kidneys, gallbladders, vessels, livers, and fluid around the lung."""

import cv2
import numpy as np

from echopilot_perception.training.foreign.fields import Field, Image, Rng, in_sector, smooth, speckle


def organ(image: Image, rng: Rng) -> Image:
    """Layers and rounded bodies of other brightness, as in images of other organs."""
    made = speckle(rng, image.shape)
    n = made.shape[0]
    for _ in range(int(rng.integers(2, 9))):
        axes = tuple(int(v) for v in rng.integers(n // 20, n // 3, 2))
        center = tuple(int(v) for v in rng.integers(0, n, 2))
        mask = np.zeros((n, n), np.float32)
        cv2.ellipse(mask, center, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
        made *= 1.0 + cv2.GaussianBlur(mask, (0, 0), 1.5) * float(rng.uniform(-0.9, 1.2))
    for row in rng.integers(4, n, int(rng.integers(0, 6))):
        cv2.line(made, (0, int(row)), (n, int(row + rng.normal(0, n / 20))), float(rng.uniform(80, 250)), 1)
    return in_sector(made, rng)


def lung(image: Image, rng: Rng) -> Image:
    """A bright pleural line with repeated lines below it (A lines), or rays down from it (B lines); ribs' shadows."""
    n = image.shape[0]
    y, x = np.mgrid[0:n, 0:n].astype(np.float32)
    pleura = float(rng.uniform(0.08, 0.3)) * n
    bend = float(rng.uniform(-0.0008, 0.0008)) * (x - 0.5 * n) ** 2
    depth = y - bend
    made = 110.0 * np.exp(0.5 * smooth(rng, (n, n), 1.2)) * (depth < pleura)
    made += 18.0 * np.exp(0.6 * smooth(rng, (n, n), 1.0)) * (depth >= pleura)
    if rng.random() < 0.6:
        for k in range(1, 6):
            made += float(rng.uniform(90, 230)) / k * np.exp(-(((depth - k * pleura) / 2.2) ** 2))
    else:
        made += 230.0 * np.exp(-(((depth - pleura) / 2.5) ** 2))
        for _ in range(int(rng.integers(1, 7))):
            at, spread = float(rng.uniform(0.1, 0.9)) * n, float(rng.uniform(2, 12))
            ray = np.exp(-(((x - at - 0.3 * (at / n - 0.5) * y) / spread) ** 2)) * (depth > pleura)
            made += float(rng.uniform(60, 200)) * ray
    for _ in range(int(rng.integers(0, 3))):
        at = float(rng.uniform(0.0, 1.0)) * n
        made *= 1.0 - 0.9 * (np.abs(x - at) < rng.uniform(8, 30)) * (depth > 0.6 * pleura)
    return in_sector(made, rng)


def kidney(image: Image, rng: Rng) -> Image:
    """An oval of dark cortex with a bright center in an even organ, or a dark bag with a bright wall (gallbladder)."""
    made = speckle(rng, image.shape)
    n = made.shape[0]
    center = tuple(int(v) for v in rng.integers(n // 4, 3 * n // 4, 2))
    long, turn = float(rng.uniform(0.12, 0.3)) * n, float(rng.uniform(0, 180))
    outer = (round(long), round(long * float(rng.uniform(0.35, 0.6))))
    body = np.zeros((n, n), np.float32)
    cv2.ellipse(body, center, outer, turn, 0, 360, 1.0, -1)
    body = cv2.GaussianBlur(body, (0, 0), 1.5)
    if rng.random() < 0.5:
        middle = np.zeros((n, n), np.float32)
        cv2.ellipse(middle, center, (round(0.6 * outer[0]), round(0.45 * outer[1])), turn, 0, 360, 1.0, -1)
        made = made * (1.0 - 0.5 * body) + 140.0 * cv2.GaussianBlur(middle, (0, 0), 4.0) * np.exp(
            0.4 * smooth(rng, (n, n), 2.0)
        )
    else:
        made = made * (1.0 - 0.95 * body)
        y, x = np.mgrid[0:n, 0:n]
        made += 90.0 * (cv2.dilate(body, np.ones((5, 5), np.uint8)) - body)
        behind = (np.abs(x - center[0]) < 0.7 * outer[1]) & (y > center[1] + outer[1])
        made += 50.0 * behind
    return in_sector(made, rng)


def vessel(image: Image, rng: Rng) -> Image:
    """Layers of muscle over round or long vessels with bright walls, as near a linear probe."""
    made = _layers(image, rng)
    n = made.shape[0]
    for _ in range(int(rng.integers(1, 4))):
        radius = float(rng.uniform(0.03, 0.13)) * n
        y = float(rng.uniform(0.12, 0.6)) * n
        lumen, wall = np.zeros((n, n), np.float32), np.zeros((n, n), np.float32)
        thick = max(1, round(0.15 * radius))
        if rng.random() < 0.65:
            center = (int(rng.integers(n // 4, 3 * n // 4)), round(y))
            axes = (round(radius), round(radius * float(rng.uniform(0.6, 1.0))))
            cv2.ellipse(lumen, center, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
            cv2.ellipse(wall, center, (axes[0] + thick, axes[1] + thick), 0, 0, 360, 1.0, thick)
        else:
            tilt = float(rng.normal(0.0, 0.06)) * n
            start, end = (0, round(y - tilt)), (n, round(y + tilt))
            cv2.line(wall, start, end, 1.0, round(2 * radius) + 2 * thick)
            cv2.line(lumen, start, end, 1.0, round(2 * radius))
            wall = np.clip(wall - lumen, 0.0, 1.0)
        soft = cv2.GaussianBlur(lumen, (0, 0), 1.2)
        made = made * (1.0 - 0.95 * soft) + float(rng.uniform(30, 130)) * cv2.GaussianBlur(wall, (0, 0), 1.0)
    return in_sector(made, rng)


def liver(image: Image, rng: Rng) -> Image:
    """An even organ with dark branches, and often the bright arc of the diaphragm below it."""
    made = speckle(rng, image.shape)
    n = made.shape[0]
    tree = np.zeros((n, n), np.float32)
    for _ in range(int(rng.integers(2, 7))):
        at, angle = rng.uniform(0.2, 0.8, 2) * n, float(rng.uniform(0, 2 * np.pi))
        width = float(rng.uniform(3, 11))
        for _ in range(int(rng.integers(2, 5))):
            angle += float(rng.normal(0.0, 0.5))
            end = at + float(rng.uniform(0.06, 0.2)) * n * np.array([np.cos(angle), np.sin(angle)])
            cv2.line(tree, tuple(np.round(at).astype(int)), tuple(np.round(end).astype(int)), 1.0, max(1, round(width)))
            at, width = end, 0.8 * width
    made *= 1.0 - float(rng.uniform(0.6, 0.97)) * cv2.GaussianBlur(tree, (0, 0), 1.2)
    if rng.random() < 0.6:
        y, x = np.mgrid[0:n, 0:n].astype(np.float32)
        radius = float(rng.uniform(0.6, 1.6)) * n
        across = float(rng.uniform(0.2, 0.8)) * n
        reach = np.hypot(x - across, y - (float(rng.uniform(0.6, 0.95)) * n - radius)) - radius
        made = np.where(reach > 0.0, 0.3 * made, made) + 230.0 * np.exp(-((reach / float(rng.uniform(1.5, 4.0))) ** 2))
    return in_sector(made, rng)


def pleural_fluid(image: Image, rng: Rng) -> Image:
    """A dark wedge of fluid between chest wall and lung, above the arc of the diaphragm."""
    made = speckle(rng, image.shape)
    n = made.shape[0]
    y, x = np.mgrid[0:n, 0:n].astype(np.float32)
    lean = float(rng.uniform(-0.9, 0.9))
    depth = y + lean * (x - 0.5 * n)
    top, bottom = float(rng.uniform(0.12, 0.3)) * n, float(rng.uniform(0.5, 0.85)) * n
    wave = float(rng.uniform(0.0, 0.06)) * n * smooth(rng, (n, n), 0.12 * n)
    made = np.where((depth > top) & (depth + wave < bottom), 0.06 * made, made)
    made += 200.0 * np.exp(-(((depth + wave - bottom) / 2.5) ** 2))
    if rng.random() < 0.6:  # a piece of lung that floats in it
        center = (int(rng.integers(n // 5, 4 * n // 5)), round(0.5 * (top + bottom)))
        lung = np.zeros((n, n), np.float32)
        axes = tuple(int(v) for v in rng.integers(n // 16, n // 5, 2))
        cv2.ellipse(lung, center, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
        made += (
            float(rng.uniform(50, 130)) * cv2.GaussianBlur(lung, (0, 0), 2.0) * np.exp(0.4 * smooth(rng, (n, n), 1.5))
        )
    return in_sector(made, rng)


def _layers(image: Image, rng: Rng) -> Field:
    """Even speckle between bright lines across the image."""
    made = speckle(rng, image.shape)
    n = made.shape[0]
    y, x = np.mgrid[0:n, 0:n].astype(np.float32)
    for row in rng.uniform(0.02, 0.6, int(rng.integers(2, 9))) * n:
        line = y - row - float(rng.normal(0.0, 0.05)) * (x - 0.5 * n)
        made += float(rng.uniform(40, 160)) * np.exp(-((line / float(rng.uniform(0.8, 2.5))) ** 2))
    return made
