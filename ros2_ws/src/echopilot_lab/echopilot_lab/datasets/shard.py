"""One patient of a data set as one tar file: PNG images and masks beside JSON truth, in the WebDataset layout."""

import io
import json
import math
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, View
from echopilot_core.guarded.bounded import MAX_IMAGE_BYTES, one_line
from echopilot_core.guarded.json_input import parse_json
from echopilot_core.guarded.png_input import check_png
from echopilot_exam.record.images import decode_png
from echopilot_lab.datasets.probe_pose_sampling import view_frame_states
from echopilot_lab.datasets.sample_rendering import SPECKLES, RenderedSample, render_samples
from echopilot_lab.patients.patient_numbers import patient_numbers
from echopilot_lab.util.atomic_output import whole_file
from echopilot_perception.frames.preprocess import resampled
from echopilot_sim.anatomy import Anatomy, build, sample_patient
from echopilot_sim.bmode import Renderer, patient_appearance
from echopilot_sim.bmode.probes import preset
from echopilot_sim.mask_grids import CellGrid, sector_cells

PARTS = ("image.png", "exact.png", "visible.png", "json")
ZIP_FAST, ZIP_HARD = [cv2.IMWRITE_PNG_COMPRESSION, 4], [cv2.IMWRITE_PNG_COMPRESSION, 9]


@dataclass(frozen=True)
class ShardPlan:
    """What one patient's file holds; it depends on nothing else."""

    seed: int
    views: tuple[View, ...]
    frames: int  # per view
    size_px: int


@dataclass(frozen=True)
class Example:
    """An image read back: `image`, `exact` and `visible` (N, N) uint8 on the same cells, and its truth."""

    key: str
    image: NDArray[np.uint8]
    exact: NDArray[np.uint8]
    visible: NDArray[np.uint8]
    truth: dict[str, Any]


def shard_name(seed: int) -> str:
    """File name of a patient."""
    return f"patient_{seed:07d}.tar"


def write_shard(path: Path, plan: ShardPlan) -> None:
    """Build the patient of the plan, render its views and write them; the same plan gives the same bytes."""
    anatomy = build(sample_patient(plan.seed))
    renderer = Renderer(anatomy, "full", plan.seed % SPECKLES, patient_appearance(plan.seed))
    facts = patient_numbers(anatomy)
    with whole_file(path) as partial, tarfile.open(partial, "w", format=tarfile.USTAR_FORMAT) as tar:
        for view in plan.views:
            for k, (sample, cells) in enumerate(_of_view(anatomy, renderer, plan, view)):
                key = f"p{plan.seed:07d}_{view.name}_{k:03d}"
                assert sample.truth.exact is not None and sample.truth.visible is not None
                image = resampled(sample.frame, cells.cells, cells.spacing_m, cells.top_m)
                _add(tar, f"{key}.image.png", _png(image, ZIP_FAST))
                _add(tar, f"{key}.exact.png", _png(sample.truth.exact.labels, ZIP_HARD))
                _add(tar, f"{key}.visible.png", _png(sample.truth.visible.labels, ZIP_HARD))
                truth = {"key": key, "view": view.name, "patient": facts} | frame_truth(sample, cells)
                _add(tar, f"{key}.json", json.dumps(truth).encode())


def read_shard(path: Path) -> Iterator[Example]:
    """The examples of a file in the order written; raises EchoPilotError that names a damaged file."""
    try:
        with tarfile.open(path, "r:") as tar:
            parts: dict[str, bytes] = {}
            example = ""
            for member in tar:
                key, _, part = member.name.partition(".")
                if part not in PARTS or part in parts or (parts and key != example) or not member.isreg():
                    raise ValueError(f"{one_line(member.name, 60)!a} is no part of an example here")
                if member.size > MAX_IMAGE_BYTES:
                    raise ValueError(f"{one_line(member.name, 60)!a} has {member.size} bytes")
                file, example = tar.extractfile(member), key
                parts[part] = b"" if file is None else file.read()
                if len(parts) == len(PARTS):
                    image, exact, visible = (_decoded(parts[p], f"{key}.{p}") for p in PARTS[:3])
                    truth = parse_json(parts["json"], f"{key}.json")
                    if not isinstance(truth, dict) or not image.shape == exact.shape == visible.shape:
                        raise ValueError(f"images and truth of {one_line(key, 60)} do not fit each other")
                    yield Example(key, image, exact, visible, truth)
                    parts = {}
            if parts:
                raise ValueError("ends within an example")
    except (OSError, ValueError, KeyError, OverflowError, EOFError, tarfile.TarError) as error:
        raise EchoPilotError(f"{path} is damaged ({one_line(error)}); delete it and run again") from error


def frame_truth(sample: RenderedSample, cells: CellGrid) -> dict[str, Any]:
    """Everything that is true of one image, in SI units; null where it does not apply."""
    frame_state, truth = sample.frame_state, sample.truth
    imaging, probe = frame_state.imaging, preset(frame_state.imaging.preset)
    assert truth.exact is not None
    aorta = None
    if truth.aorta is not None:
        aorta = {k: np.asarray(v, np.float64).round(7).tolist() for k, v in vars(truth.aorta).items()}
    return {
        "nearest_view": truth.view.name,
        "pixel_m": cells.spacing_m,
        "origin_m": [truth.exact.origin_x_m, truth.exact.origin_y_m],
        "heart_phase": round(frame_state.phases.heart, 6),
        "breathing_phase": round(frame_state.phases.breathing, 6),
        "imaging": {
            "preset": imaging.preset,
            "depth_m": imaging.depth_m,
            "focus_m": imaging.focus_m,
            "gain_db": imaging.gain_db,
            "dynamic_range_db": imaging.dynamic_range_db,
        },
        "probe": {
            "kind": probe.kind.name,
            "frequency_hz": probe.frequency_hz,
            "opening_rad": probe.opening_rad,
            "radius_m": probe.radius_m,
            "aperture_m": probe.aperture_m,
        },
        "T_patient_probe": frame_state.T_patient_probe.round(9).tolist(),
        "gap_m": frame_state.gap_m.round(6).tolist(),
        "contact": truth.contact.round(4).tolist(),
        "quality": round(truth.quality, 4),
        "view_errors": {
            e.view.name: {
                "angle_rad": round(e.angle_rad, 6),
                "offset_m": round(e.offset_m, 6),
                "motion": e.motion.round(7).tolist(),
            }
            for e in truth.errors
        },
        "aorta": aorta,
        "lv_volume_m3": _finite(truth.lv_volume_m3),
        "lv_edv_m3": _finite(truth.lv_edv_m3),
        "ejection_fraction": _finite(truth.ejection_fraction),
    }


def _of_view(
    anatomy: Anatomy, renderer: Renderer, plan: ShardPlan, view: View
) -> Iterator[tuple[RenderedSample, CellGrid]]:
    """The images of a view, which do not depend on the other views of the plan."""
    rng = np.random.default_rng([plan.seed, 0xDA7A, int(view)])
    for frame_state in view_frame_states(anatomy, rng, view, plan.frames):
        cells = sector_cells(frame_state.imaging, plan.size_px)
        yield next(render_samples(anatomy, [frame_state], [renderer], rng, cells)), cells


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def _png(image: NDArray[np.uint8], effort: list[int]) -> bytes:
    return bytes(cv2.imencode(".png", image, effort)[1].tobytes())


def _decoded(png: bytes, where: str) -> NDArray[np.uint8]:
    check_png(png, where)
    return decode_png(png, where)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
