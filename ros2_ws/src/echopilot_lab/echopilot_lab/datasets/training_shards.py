"""Rendered training data: images of virtual patients with their truth, as shards on disk, resumable."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from echopilot_core import EchoPilotError
from echopilot_core.guarded.array_input import read_arrays
from echopilot_core.guarded.bounded import one_line
from echopilot_lab.datasets.probe_pose_sampling import AORTIC, DEFAULT_RECIPE, STANDARD_VIEWS, Recipe, draw_frame_states
from echopilot_lab.datasets.sample_rendering import SPECKLES, RenderedSample, render_samples
from echopilot_lab.datasets.varied_hearts import varied
from echopilot_lab.datasets.visible_labels import (
    MIN_COUPLING,
    shown_view,
    visible_disease,
    visible_landmarks,
    visible_sizes,
)
from echopilot_lab.util.atomic_output import whole_file
from echopilot_lab.util.parallel import run_all
from echopilot_perception import grid
from echopilot_perception.frames import to_network
from echopilot_perception.heads import HeadSpec
from echopilot_perception.heads.sizes import POWERS
from echopilot_perception.training import DEFAULT_SPEC, Sample, Samples, join, stack
from echopilot_perception.training.samples import UNKNOWN_VIEW
from echopilot_sim.anatomy import build, sample_patient
from echopilot_sim.anatomy.parameters import Patient
from echopilot_sim.bmode import Renderer
from echopilot_sim.bmode.appearance import patient_appearance, random_appearance
from echopilot_sim.bmode.scan_parameters import Quality

MAX_SHARD_BYTES = 700_000_000  # unpacked: a patient with 98 images has 20 MB
TRAIN_SEEDS = (0, 500_000)
VALIDATION_SEEDS = (500_000, 600_000)
LOOKS = 4  # scanners per patient: half of them well set, half far off
FULL_SHARE = 0.6  # of images in full renderer quality, the rest in fast
RARE_SHARES = {"dissected": 0.08, "dilated": 0.25, "bare": 0.28}
"""Of training patients: dissection, wide root, aneurysm without thrombus; as drawn they are 1 in 50, 1 in 8, 1 in 8."""
DILATED_INNER_M = 0.036
GUIDANCE_LIMITS = {
    view: (0.06, math.radians(50.0)) if view in AORTIC else (0.08, math.radians(70.0)) for view in STANDARD_VIEWS
}


def patient_samples(seed: int, recipe: Recipe = DEFAULT_RECIPE, spec: HeadSpec = DEFAULT_SPEC) -> Samples:
    """Samples of one patient, a pure function of seed and recipe; hearts for training differ more than usual."""
    rng = np.random.default_rng([seed, 0x7EA1])
    patient = sample_patient(seed)
    anatomy = build(varied(patient, rng) if seed < TRAIN_SEEDS[1] else patient)
    frame_states = draw_frame_states(anatomy, rng, recipe)
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
    rows = render_samples(anatomy, frame_states, renderers, rng, twins=twins)
    return stack(sample_of(sample, spec) for sample in rows)


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
        kind = _kind(sample_patient(seed))
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


def sample_of(sample: RenderedSample, spec: HeadSpec) -> Sample:
    """What the network learns from an image."""
    truth = sample.truth
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
    view = shown_view(truth)
    twin, scale = sample.twin, grid.grid_of(sample.frame.geometry).scale
    guidance[:, :3] /= scale
    return Sample(
        image=_bytes(to_network(sample.frame)),
        labels=truth.visible.labels,
        view=UNKNOWN_VIEW if view is None else int(view),
        quality=truth.quality,
        coupling=truth.coupling.astype(np.float32),
        guidance=guidance,
        guidance_valid=valid,
        landmarks=(visible_landmarks(truth) / scale).astype(np.float32),
        landmarks_known=True,
        sizes=(visible_sizes(truth) / scale ** np.array(POWERS)).astype(np.float32),
        disease=visible_disease(truth),
        calm=np.zeros((grid.CELLS, grid.CELLS), np.uint8) if twin is None else _bytes(_halved(to_network(twin))),
        calm_known=twin is not None,
    )


def _bytes(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.round(image * 255.0).astype(np.uint8)


def _halved(image: NDArray[np.float32]) -> NDArray[np.float32]:
    n = grid.CELLS
    return np.asarray(image.reshape(n, grid.IMAGE_CELLS // n, n, -1).mean(axis=(1, 3)), np.float32)


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
    names = [f.name for f in fields(Samples)]
    try:
        arrays: dict[str, Any] = read_arrays(path, names, MAX_SHARD_BYTES)
    except (OSError, ValueError) as error:
        raise EchoPilotError(f"{path} is damaged ({one_line(error)}); delete it and run again") from error
    if len({array.shape[:1] for array in arrays.values()}) != 1:
        raise EchoPilotError(f"{path} is damaged (its arrays differ in length); delete it and run again")
    return Samples(**arrays)


def _write_shard(job: tuple[int, Path, Recipe]) -> None:
    seed, path, recipe = job
    samples = patient_samples(seed, recipe)
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **{f.name: getattr(samples, f.name) for f in fields(samples)})
