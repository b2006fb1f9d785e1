"""Phantoms with lesions, rendered for a linear and a convex probe: nodules of the thyroid, masses of an ovary.

Echo patterns are those that ACR TI-RADS (2017) and the IOTA simple rules (Timmerman 2008) describe: composition,
echogenicity, margin and calcification of a nodule; locules, solid parts, irregular margin and ascites of a mass. Depths
and sizes are usual ones. They are phantoms: nothing follows from them for patients.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array, Preset, ScannerSettings
from echopilot_perception import grid
from echopilot_perception.frames import to_network
from echopilot_perception.tasks.applications import OVARY, THYROID
from echopilot_perception.tasks.task_set import TaskSet
from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.bmode import Renderer
from echopilot_sim.bmode.appearance import Appearance, random_appearance
from echopilot_sim.bmode.phantom import Inside, Phantom, layer, tube
from echopilot_sim.frame_state import N_ELEMENTS, FrameState, Phases

IMAGES = 4  # of a patient: slices and places of the probe
SPECKLES = 4
NODULE_SHARE = 0.65
PRESSED_M = 0.001
M = Material
Inclusion = tuple[Material, Inside]


@dataclass(frozen=True)
class LesionCase:
    """A phantom, the scanner's settings, what counts as the lesion, and whether it is malignant."""

    phantom: Phantom
    settings: ScannerSettings
    lesion: Inside | None
    malignant: bool


def ellipsoid(center_m: Array, axes_m: Array, rng: np.random.Generator, rough: float = 0.0) -> Inside:
    """An ellipsoid at `center_m` (3,) with half axes (3,) [m], whose margin is `rough` (share of the axes) uneven."""
    phases = rng.uniform(0.0, 2.0 * np.pi, 3)

    def inside(p: NDArray[np.float64]) -> NDArray[np.bool_]:
        q = (p - center_m) / axes_m
        angle = np.arctan2(q[:, 2], q[:, 0])
        margin = 1.0 + rough * sum(np.sin(k * angle + phase) for k, phase in zip((3, 5, 8), phases, strict=True)) / 1.5
        return np.asarray(np.sqrt((q**2).sum(axis=1)) < margin)

    return inside


def thyroid(rng: np.random.Generator) -> LesionCase:
    """A lobe beside trachea and carotid under skin, fat and strap muscle, with or without a nodule."""
    skin, fat = float(rng.uniform(0.0012, 0.002)), float(rng.uniform(0.003, 0.007))
    top = fat + float(rng.uniform(0.003, 0.006))
    side = float(rng.choice([-1.0, 1.0]))
    lobe_center = np.array([side * rng.uniform(-0.002, 0.003), 0.0, top + rng.uniform(0.009, 0.012)])
    lobe = ellipsoid(lobe_center, np.array([rng.uniform(0.010, 0.013), 0.025, rng.uniform(0.008, 0.011)]), rng, 0.03)
    carotid_x, carotid_z = side * float(rng.uniform(0.014, 0.017)), lobe_center[2] + float(rng.uniform(-0.001, 0.004))
    carotid = float(rng.uniform(0.0026, 0.0036))
    inclusions: list[Inclusion] = [
        (M.SKIN, layer(0.0, skin)),
        (M.FAT, layer(skin, fat)),
        (M.MUSCLE, layer(fat, top)),
        (M.LIVER, lobe),
        (M.VESSEL_WALL, tube(carotid_x, carotid_z, carotid + 0.0006)),
        (M.BLOOD_BRANCH, tube(carotid_x, carotid_z, carotid)),
        (M.CARTILAGE, tube(-side * 0.016, top + 0.010, 0.009)),
        (M.GAS, tube(-side * 0.016, top + 0.010, 0.0075)),
    ]
    lesion, malignant = None, False
    if rng.random() < NODULE_SHARE:
        lesion, malignant, parts = _nodule(lobe_center, rng)
        inclusions += parts
    depth_m = float(rng.uniform(0.032, 0.042))
    settings = ScannerSettings(preset=Preset.LINEAR, depth_m=depth_m, focus_m=0.5 * depth_m)
    return LesionCase(Phantom(M.MUSCLE, *inclusions), settings, lesion, malignant)


def _nodule(lobe_m: Array, rng: np.random.Generator) -> tuple[Inside, bool, list[Inclusion]]:
    malignant = bool(rng.random() < 0.4)
    radius = float(rng.uniform(0.003, 0.0065))
    center = lobe_m + rng.uniform(-1.0, 1.0, 3) * np.array([0.004, 0.002, 0.0025])
    tall = float(rng.uniform(1.0, 1.35) if malignant else rng.uniform(0.65, 0.95))  # taller than wide
    axes = radius * np.array([1.0, 1.2, tall])
    whole = ellipsoid(center, axes, rng, 0.14 if malignant else 0.03)
    filling = M.THROMBUS if malignant else Material(int(rng.choice([M.KIDNEY, M.EFFUSION, M.PANCREAS, M.THROMBUS])))
    parts: list[Inclusion] = [(filling, whole)]
    if not malignant and rng.random() < 0.5:
        parts.insert(0, (M.VESSEL_WALL, ellipsoid(center, axes + 0.0005, rng)))  # a capsule
    if malignant and rng.random() < 0.7:
        for _ in range(int(rng.integers(3, 8))):
            spot = center + rng.uniform(-0.6, 0.6, 3) * axes
            parts.append((M.BONE, ellipsoid(spot, np.full(3, 0.0003), rng)))
    return whole, malignant, parts


def ovarian_mass(rng: np.random.Generator) -> LesionCase:
    """A cyst with a thin wall, fat or old blood; or a mass of several locules with solid parts, often with ascites."""
    malignant = bool(rng.random() < 0.5)
    skin, fat = 0.002, float(rng.uniform(0.008, 0.02))
    center = np.array([rng.uniform(-0.012, 0.012), 0.0, rng.uniform(0.05, 0.065)])
    axes = np.array([rng.uniform(0.020, 0.034), 0.035, rng.uniform(0.016, 0.026)])
    uterus = ellipsoid(
        center + np.array([rng.choice([-1.0, 1.0]) * 0.055, 0.0, 0.01]), np.array([0.025, 0.04, 0.022]), rng
    )
    outline = ellipsoid(center, axes, rng, 0.15 if malignant else 0.02)
    parts: list[Inclusion] = [
        (M.SKIN, layer(0.0, skin)),
        (M.FAT, layer(skin, fat)),
        (M.MUSCLE, layer(fat, fat + 0.008)),
        (M.MYOCARDIUM_RV, uterus),
    ]
    if malignant and rng.random() < 0.5:
        parts.append((M.EFFUSION, ellipsoid(center, axes + rng.uniform(0.004, 0.012), rng, 0.1)))
    thick = float(rng.uniform(0.002, 0.004) if malignant else rng.uniform(0.0008, 0.0016))
    parts.append((M.VESSEL_WALL, outline))
    parts += _locules(center, axes - thick, rng, malignant)
    depth_m = float(rng.uniform(0.10, 0.13))
    settings = ScannerSettings(preset=Preset.CONVEX, depth_m=depth_m, focus_m=float(center[2]))
    return LesionCase(Phantom(M.MESENTERY, *parts), settings, outline, malignant)


def _locules(center: Array, axes: Array, rng: np.random.Generator, malignant: bool) -> list[Inclusion]:
    if not malignant:
        filling = Material(int(rng.choice([M.EFFUSION, M.EFFUSION, M.THROMBUS, M.FAT])))
        parts: list[Inclusion] = [(filling, ellipsoid(center, axes, rng, 0.02))]
        if rng.random() < 0.35:  # one smooth septum
            at = float(rng.uniform(-0.3, 0.3)) * axes[0] + center[0]
            parts.append((M.VESSEL_WALL, _plate(parts[0][1], at)))
        return parts
    parts = [(M.KIDNEY if rng.random() < 0.5 else M.MYOCARDIUM_ATRIA, ellipsoid(center, axes, rng, 0.12))]
    for _ in range(int(rng.integers(3, 8))):  # locules in solid tissue
        spot = center + rng.uniform(-0.6, 0.6, 3) * axes
        parts.append((M.EFFUSION, ellipsoid(spot, axes * rng.uniform(0.18, 0.45, 3), rng, 0.12)))
    for _ in range(int(rng.integers(1, 5))):  # papillary projections into them
        spot = center + rng.uniform(-0.5, 0.5, 3) * axes
        parts.append((M.MYOCARDIUM_LV, ellipsoid(spot, np.full(3, float(rng.uniform(0.0025, 0.005))), rng, 0.2)))
    return parts


def _plate(body: Inside, x_m: float) -> Inside:
    """What of a body lies within 0.7 mm of the plane at `x_m`."""
    return lambda p: body(p) & (np.abs(p[:, 0] - x_m) < 0.0007)


FAMILIES = {THYROID: thyroid, OVARY: ovarian_mass}


def lesion_images(family: str, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], bool]:
    """Images (IMAGES, 256, 256) of one patient, maps (IMAGES, 64, 64) of the lesion, and whether it is malignant."""
    rng = np.random.default_rng((seed, sum(map(ord, family))))
    case = FAMILIES[family](rng)
    renderer = Renderer(case.phantom, "full", seed % SPECKLES, _look(case, rng))
    images, maps = [], []
    for number in range(IMAGES):
        pose = np.eye(4)
        pose[:3, 3] = (rng.uniform(-0.003, 0.003), rng.uniform(-0.004, 0.004), PRESSED_M)
        state = FrameState(
            0, number, np.eye(4), pose, Phases(), np.full(N_ELEMENTS, -PRESSED_M), 5.0, case.settings, number
        )
        frame = renderer.render(state)
        images.append(np.round(to_network(frame) * 255.0).astype(np.uint8))
        maps.append(_lesion_map(case, pose, grid.grid_of(frame.geometry)))
    return np.stack(images), np.stack(maps), case.malignant


def _look(case: LesionCase, rng: np.random.Generator) -> Appearance:
    """A scanner at random; a linear probe on a neck has no ribs and little body wall to ring between."""
    look = random_appearance(rng)
    if case.settings.preset != Preset.LINEAR:
        return look
    return replace(
        look,
        clutter_db=float(rng.uniform(-42.0, -26.0)),
        wall_clutter_db=float(rng.uniform(-60.0, -45.0)),
        near_clutter=float(rng.uniform(0.0, 0.1)),
        noise=float(10.0 ** rng.uniform(-1.3, -0.4)),
        window_db=float(rng.uniform(0.0, 2.5)),
        side_db=0.0,
    )


def _lesion_map(case: LesionCase, pose: Array, cells: grid.NetworkGrid) -> NDArray[np.uint8]:
    n, step = grid.COARSE_CELLS, cells.coarse_spacing_m
    if case.lesion is None:
        return np.zeros((n, n), np.uint8)
    x, z = np.meshgrid((np.arange(n) + 0.5 - n / 2) * step, (np.arange(n) + 0.5) * step)
    points = np.column_stack([x.ravel(), np.zeros(n * n), z.ravel()]) + pose[:3, 3]
    return case.lesion(points).reshape(n, n).astype(np.uint8)


def lesion_set(
    family: str, seeds: list[int], held_out: list[int], made: list[tuple[NDArray[np.uint8], ...]]
) -> TaskSet:
    """What `lesion_images` made of the seeds, those to learn from first."""
    numbers = np.repeat([*seeds, *held_out], IMAGES).astype(np.int64)
    images, maps = (np.concatenate([part[k] for part in made]) for k in (0, 1))
    malignant = np.repeat([bool(part[2]) for part in made], IMAGES).astype(np.int64)
    targets = {"nodule": maps, "malignant": malignant}
    return TaskSet(family, images, numbers, np.repeat([False] * len(seeds) + [True] * len(held_out), IMAGES), targets)
