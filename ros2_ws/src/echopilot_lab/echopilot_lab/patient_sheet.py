"""A contact sheet of one virtual patient: standard views and stations of the aorta, with labels and numbers."""

import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from echopilot_core import ANEURYSM_M, View
from echopilot_lab.probing import moment_at
from echopilot_lab.staging import staged_folder
from echopilot_report.overlay import labels_on_picture, overlay
from echopilot_sim.anatomy import Anatomy, build, draw_patient
from echopilot_sim.bmode import Renderer
from echopilot_sim.moment import ImagingSettings, Moment, Phases
from echopilot_sim.truth import Truth, truth_of
from echopilot_sim.truth_aorta import max_outer_diameter_m

CARDIAC = (View.A4C, View.A2C, View.PLAX, View.PSAX_PM)
AORTA_SHARES = (0.15, 0.4, 0.65, 0.9)
INDENTATION_M = 0.006
TILE_PX = 360
PHASES = Phases(heart=0.0, breathing=0.5)


def draw_patient_sheet(seed: int, out: Path, console: Console) -> None:
    """Write sheet.png and truth.json of a seed."""
    anatomy = build(draw_patient(seed))
    renderer = Renderer(anatomy, "full")
    poses = view_poses(anatomy)
    tiles, rows = [], []
    for name, preset, T_patient_probe in poses:
        moment = still_moment(anatomy, T_patient_probe, preset)
        truth = truth_of(anatomy, moment, mask=True)
        tiles.append(tile(renderer, moment, truth, name))
        rows.append(truth_row(name, truth))
    columns = len(CARDIAC)
    sheet = np.vstack([np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)])
    with staged_folder(out) as folder:
        cv2.imwrite(str(folder / "sheet.png"), sheet)
        (folder / "truth.json").write_text(json.dumps(patient_row(anatomy) | {"views": rows}, indent=2) + "\n")
    console.print(f"{len(tiles)} views of patient {seed} -> {out / 'sheet.png'}")


def view_poses(anatomy: Anatomy) -> list[tuple[str, str, NDArray[np.float64]]]:
    """Name, preset and T_patient_probe (4, 4) of every tile that this patient has."""
    poses = [(view.name, "cardiac", anatomy.view_target(view, PHASES)) for view in CARDIAC]
    length_m = float(anatomy.vessels.abdominal_arc_m[-1])
    for share in AORTA_SHARES:
        station_m = share * length_m
        poses.append(
            (f"AORTA {1e3 * station_m:.0f} mm", "abdomen", anatomy.view_target(View.AORTA_TRANS, PHASES, station_m))
        )
    return [(name, preset, T) for name, preset, T in poses if T is not None]


def still_moment(anatomy: Anatomy, T_patient_view: NDArray[np.float64], preset: str) -> Moment:
    """A moment with the probe pressed in by 6 mm along its beam."""
    T = T_patient_view.copy()
    T[:3, 3] += INDENTATION_M * T[:3, 2]
    return moment_at(anatomy, T, PHASES, ImagingSettings(preset))


def tile(renderer: Renderer, moment: Moment, truth: Truth, name: str) -> NDArray[np.uint8]:
    """Picture above, the same with exact labels below; BGR."""
    frame = renderer.render(moment)
    assert truth.exact is not None
    labels = labels_on_picture(truth.exact, frame.geometry, (frame.image.shape[0], frame.image.shape[1]))
    plain = cv2.cvtColor(frame.image, cv2.COLOR_GRAY2RGB)
    both = np.vstack([plain, overlay(frame.image, labels)])
    scale = TILE_PX / both.shape[1]
    small = cv2.resize(both, (TILE_PX, round(both.shape[0] * scale)), interpolation=cv2.INTER_AREA)
    text = name
    if truth.aorta is not None and name.startswith("AORTA"):
        text += f", outer {1e3 * truth.aorta.outer_ap_m:.1f} mm"
    cv2.putText(small, text, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (235, 235, 235), 1, cv2.LINE_AA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2BGR), dtype=np.uint8)


def truth_row(name: str, truth: Truth) -> dict[str, Any]:
    """Truth of one tile in the units that people read."""
    aorta = truth.aorta
    return {
        "name": name,
        "view": truth.view.name,
        "quality": round(truth.quality, 3),
        "aorta_outer_ap_mm": None if aorta is None else round(1e3 * aorta.outer_ap_m, 2),
        "aorta_outer_unloaded_mm": None if aorta is None else round(1e3 * aorta.outer_unloaded_m, 2),
        "obliquity_deg": None if aorta is None else round(math.degrees(aorta.obliquity_rad), 1),
    }


def patient_row(anatomy: Anatomy) -> dict[str, Any]:
    """The patient in numbers."""
    patient, heart = anatomy.patient, anatomy.patient.heart
    largest_m = max_outer_diameter_m(anatomy)
    return {
        "seed": patient.seed,
        "sex": patient.sex,
        "height_cm": round(100 * patient.height_m, 1),
        "weight_kg": round(patient.weight_kg, 1),
        "heart_rate_bpm": round(60 * patient.heart_rate_hz, 1),
        "lv_edv_ml": None if heart is None else round(1e6 * heart.edv_m3, 1),
        "ef_pct": None if heart is None else round(100 * heart.ejection_fraction, 1),
        "aorta_max_outer_mm": round(1e3 * largest_m, 2),
        "aneurysm": largest_m >= ANEURYSM_M,
        "notice": "Synthetic patient; research software, not a medical device.",
    }
