"""Rendered training data: pictures of virtual patients with their truth, as shards on disk, resumable."""

import math
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from echopilot_core import EchoPilotError, View
from echopilot_lab.parallel import run_all
from echopilot_lab.probing import DEFAULT_RECIPE, STANDARD_VIEWS, Recipe, draw_moments
from echopilot_lab.producing import SPECKLES, Picture, pictures
from echopilot_lab.shown import MIN_COUPLING, label_view, visible_disease, visible_landmarks, visible_sizes
from echopilot_lab.staging import whole_file
from echopilot_perception import grid
from echopilot_perception.frames import to_network
from echopilot_perception.heads import HeadSpec
from echopilot_perception.training import DEFAULT_SPEC, Sample, Samples, join, stack
from echopilot_sim.anatomy import build, draw_patient
from echopilot_sim.anatomy.parameters import Patient
from echopilot_sim.bmode import Renderer
from echopilot_sim.bmode.appearance import patient_appearance, random_appearance
from echopilot_sim.bmode.setup import Quality

TRAIN_SEEDS = (0, 500_000)
VALIDATION_SEEDS = (500_000, 600_000)
LOOKS = 4  # scanners per patient: half of them well set, half far off
FULL_SHARE = 0.6  # of pictures in full renderer quality, the rest in fast
RARE_SHARES = {"dissected": 0.08, "dilated": 0.25, "bare": 0.28}
"""Of training patients: dissection, wide root, aneurysm without thrombus; as drawn they are 1 in 50, 1 in 8, 1 in 8."""
DILATED_INNER_M = 0.036
AORTIC = (View.AORTA_TRANS, View.AORTA_LONG)
GUIDANCE_LIMITS = {
    view: (0.06, math.radians(50.0)) if view in AORTIC else (0.08, math.radians(70.0)) for view in STANDARD_VIEWS
}


def patient_samples(seed: int, recipe: Recipe = DEFAULT_RECIPE, spec: HeadSpec = DEFAULT_SPEC) -> Samples:
    """Samples of one patient; a pure function of seed and recipe."""
    rng = np.random.default_rng([seed, 0x7EA1])
    anatomy = build(draw_patient(seed))
    moments = draw_moments(anatomy, rng, recipe)
    looks = [patient_appearance(int(rng.integers(2**31))) for _ in range(LOOKS // 2)]
    looks += [random_appearance(rng) for _ in range(LOOKS - len(looks))]
    kinds: list[Quality] = ["full" if rng.random() < FULL_SHARE else "fast" for _ in looks]
    renderers, twins = (
        [
            Renderer(anatomy, kind, (seed + i + shift) % SPECKLES, look)
            for i, (kind, look) in enumerate(zip(kinds, looks, strict=True))
        ]
        for shift in (0, 1)
    )
    rows = pictures(anatomy, moments, renderers, rng, twins=twins)
    return stack(sample_of(picture, spec) for picture in rows)


def training_seeds(first: int, count: int) -> list[int]:
    """The first seeds from `first` on, but with more of what is rare (RARE_SHARES).

    Raises EchoPilotError when the seeds for training do not hold so many.
    """
    wanted = {kind: round(count * share) for kind, share in RARE_SHARES.items()}
    wanted["usual"] = count - sum(wanted.values())
    found: list[int] = []
    for seed in range(first, TRAIN_SEEDS[1]):
        if not any(wanted.values()):
            break
        kind = _kind(draw_patient(seed))
        if wanted[kind] > 0:
            wanted[kind] -= 1
            found.append(seed)
    if any(wanted.values()):
        raise EchoPilotError(f"the seeds from {first} to {TRAIN_SEEDS[1] - 1} do not hold {count} training patients")
    return found


def _kind(patient: Patient) -> str:
    aorta, heart = patient.aorta, patient.heart
    if aorta is not None and aorta.dissection is not None:
        return "dissected"
    inner_m = 0.0 if heart is None else 2.0 * max(heart.sinus_radius_m, heart.ascending_radius_m)
    if inner_m >= DILATED_INNER_M:
        return "dilated"
    aneurysm = None if aorta is None else aorta.aneurysm
    return "bare" if aneurysm is not None and aneurysm.thrombus_fraction == 0.0 else "usual"


def sample_of(picture: Picture, spec: HeadSpec) -> Sample:
    """What the network learns from a picture."""
    truth = picture.truth
    assert truth.visible is not None
    guidance = np.zeros((len(spec.guidance), 6), np.float32)
    valid = np.zeros(len(spec.guidance), np.bool_)
    coupled = float(truth.coupling.mean()) > MIN_COUPLING
    for i, target in enumerate(spec.guidance):
        error = truth.error(target.view)
        if error is None:
            continue
        limit_m, limit_rad = GUIDANCE_LIMITS[target.view]
        guidance[i] = error.motion / np.asarray(target.scale)
        valid[i] = coupled and error.offset_m < limit_m and error.angle_rad < limit_rad
    twin = picture.twin
    return Sample(
        image=_bytes(to_network(picture.frame)),
        labels=truth.visible.labels,
        view=int(label_view(truth)),
        quality=truth.quality,
        coupling=truth.coupling.astype(np.float32),
        guidance=guidance,
        guidance_valid=valid,
        landmarks=visible_landmarks(truth).astype(np.float32),
        landmarks_known=True,
        sizes=visible_sizes(truth).astype(np.float32),
        disease=visible_disease(truth),
        calm=np.zeros((grid.CELLS, grid.CELLS), np.uint8) if twin is None else _bytes(_halved(to_network(twin))),
        calm_known=twin is not None,
    )


def _bytes(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.round(picture * 255.0).astype(np.uint8)


def _halved(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    n = grid.CELLS
    return np.asarray(picture.reshape(n, grid.PICTURE_CELLS // n, n, -1).mean(axis=(1, 3)), np.float32)


def render(
    folder: Path, seeds: Sequence[int], console: Console, jobs: int = 2, recipe: Recipe = DEFAULT_RECIPE
) -> list[Path]:
    """Render patients into one shard each; shards that are there already are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"patient_{seed:06d}.npz" for seed in seeds]
    todo = [(seed, path, recipe) for seed, path in zip(seeds, paths, strict=True) if not path.exists()]
    run_all(_write_shard, todo, jobs, console, "rendering patients")
    return paths


def load(paths: list[Path]) -> Samples:
    """Read shards; raises EchoPilotError that names a damaged one."""
    with ThreadPoolExecutor() as pool:  # most of it is unpacking, which lets other threads run
        return join(list(pool.map(_read_shard, paths)))


def _read_shard(path: Path) -> Samples:
    try:
        with np.load(path) as data:
            return Samples(**{f.name: data[f.name] for f in fields(Samples)})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise EchoPilotError(f"{path} is damaged ({type(error).__name__}); delete it and run again") from error


def _write_shard(job: tuple[int, Path, Recipe]) -> None:
    seed, path, recipe = job
    samples = patient_samples(seed, recipe)
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **{f.name: getattr(samples, f.name) for f in fields(samples)})
