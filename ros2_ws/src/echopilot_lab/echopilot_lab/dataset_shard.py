"""One patient of a data set as one tar file: PNG pictures and masks beside JSON truth, in the WebDataset layout."""

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
from echopilot_lab.patient_numbers import patient_numbers
from echopilot_lab.probing import view_moments
from echopilot_lab.producing import SPECKLES, Picture, on_cells, pictures
from echopilot_lab.staging import whole_file
from echopilot_sim.anatomy import Anatomy, build, draw_patient
from echopilot_sim.bmode import Renderer, patient_appearance
from echopilot_sim.bmode.probes import preset
from echopilot_sim.cells import CellGrid, sector_cells

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
    """A picture read back: `image`, `exact` and `visible` (N, N) uint8 on the same cells, and its truth."""

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
    anatomy = build(draw_patient(plan.seed))
    renderer = Renderer(anatomy, "full", plan.seed % SPECKLES, patient_appearance(plan.seed))
    facts = patient_numbers(anatomy)
    with whole_file(path) as partial, tarfile.open(partial, "w", format=tarfile.USTAR_FORMAT) as tar:
        for view in plan.views:
            for k, (picture, cells) in enumerate(_of_view(anatomy, renderer, plan, view)):
                key = f"p{plan.seed:07d}_{view.name}_{k:03d}"
                assert picture.truth.exact is not None and picture.truth.visible is not None
                _add(tar, f"{key}.image.png", _png(on_cells(picture.frame, cells), ZIP_FAST))
                _add(tar, f"{key}.exact.png", _png(picture.truth.exact.labels, ZIP_HARD))
                _add(tar, f"{key}.visible.png", _png(picture.truth.visible.labels, ZIP_HARD))
                truth = {"key": key, "view": view.name, "patient": facts} | frame_truth(picture, cells)
                _add(tar, f"{key}.json", json.dumps(truth).encode())


def read_shard(path: Path) -> Iterator[Example]:
    """The examples of a file in the order written; raises EchoPilotError that names a damaged file."""
    try:
        with tarfile.open(path) as tar:
            parts: dict[str, bytes] = {}
            for member in tar:
                key, _, part = member.name.partition(".")
                file = tar.extractfile(member)
                parts[part] = b"" if file is None else file.read()
                if len(parts) == len(PARTS):
                    image, exact, visible = (_picture(parts[p]) for p in PARTS[:3])
                    yield Example(key, image, exact, visible, json.loads(parts["json"]))
                    parts = {}
            if parts:
                raise ValueError("ends within an example")
    except (OSError, ValueError, KeyError, tarfile.TarError, cv2.error) as error:
        raise EchoPilotError(f"{path} is damaged ({type(error).__name__}); delete it and run again") from error


def frame_truth(picture: Picture, cells: CellGrid) -> dict[str, Any]:
    """Everything that is true of one picture, in SI units; null where it does not apply."""
    moment, truth = picture.moment, picture.truth
    imaging, probe = moment.imaging, preset(moment.imaging.preset)
    assert truth.exact is not None
    aorta = None
    if truth.aorta is not None:
        aorta = {k: np.asarray(v, np.float64).round(7).tolist() for k, v in vars(truth.aorta).items()}
    return {
        "nearest_view": truth.view.name,
        "pixel_m": cells.spacing_m,
        "origin_m": [truth.exact.origin_x_m, truth.exact.origin_y_m],
        "heart_phase": round(moment.phases.heart, 6),
        "breathing_phase": round(moment.phases.breathing, 6),
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
        "T_patient_probe": moment.T_patient_probe.round(9).tolist(),
        "gap_m": moment.gap_m.round(6).tolist(),
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


def _of_view(anatomy: Anatomy, renderer: Renderer, plan: ShardPlan, view: View) -> Iterator[tuple[Picture, CellGrid]]:
    """The pictures of a view, which do not depend on the other views of the plan."""
    rng = np.random.default_rng([plan.seed, 0xDA7A, int(view)])
    for moment in view_moments(anatomy, rng, view, plan.frames):
        cells = sector_cells(moment.imaging, plan.size_px)
        yield next(pictures(anatomy, [moment], [renderer], rng, cells)), cells


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def _png(picture: NDArray[np.uint8], effort: list[int]) -> bytes:
    return bytes(cv2.imencode(".png", picture, effort)[1].tobytes())


def _picture(png: bytes) -> NDArray[np.uint8]:
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise ValueError("not a PNG")
    return np.asarray(picture, np.uint8)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
