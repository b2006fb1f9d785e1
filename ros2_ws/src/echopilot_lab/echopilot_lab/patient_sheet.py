"""`echopilot patient`: one virtual patient as a contact sheet, a DICOM cine, a WebM and truth in numbers."""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.progress import track

from echopilot_core import EchoPilotError, EndPoint, Frame, Tissue, View
from echopilot_lab.dicom_cine import write_dicom
from echopilot_lab.patient_numbers import NOTICE, headline, patient_numbers, shot_words, title, truth_numbers
from echopilot_lab.sheet import Tile, draw_sheet
from echopilot_lab.shots import FRAME_HZ, Shot, cine_moments, standard_shots
from echopilot_lab.staging import check_replaceable, staged_folder
from echopilot_lab.webm import write_webm
from echopilot_report.overlay import labels_on_picture, overlay
from echopilot_sim.anatomy import Anatomy, Patient, build, draw_patient
from echopilot_sim.bmode import Renderer
from echopilot_sim.cells import sector_cells
from echopilot_sim.truth import Truth, truth_of


def choose_patient(seed: int | None, name: str, ct: Path | None) -> Callable[[], Anatomy]:
    """What builds the one patient that was asked for; raises EchoPilotError unless exactly one was."""
    if (seed is not None) + bool(name) + (ct is not None) != 1:
        from echopilot_sim.anatomy.named import NAMES

        raise EchoPilotError(f"give one of --seed S, --ct FILE and --name NAME, where NAME is {', '.join(NAMES)}")
    if ct is not None:
        if not ct.exists():
            raise EchoPilotError(f"no CT at {ct}; --ct takes a label volume (NIfTI)")
        return lambda: _from_ct(ct)
    chosen = draw_patient(seed) if seed is not None else _named(name)
    return lambda: build(chosen)


def _named(name: str) -> Patient:
    from echopilot_sim.anatomy.named import named_patient

    return named_patient(name)


def _from_ct(path: Path) -> Anatomy:
    from echopilot_sim.anatomy.ct import load

    return load(path)


def draw_patient_sheet(make: Callable[[], Anatomy], out: Path, console: Console) -> None:
    """Write sheet.png, cine.dcm, cine.webm and truth.json; a patient without heart and aorta has no cine."""
    check_replaceable(out)
    with console.status("building the patient"):
        anatomy = make()
    shots = standard_shots(anatomy)
    if not shots:
        raise EchoPilotError("this patient shows neither a cardiac view nor the abdominal aorta: nothing to draw")
    renderer = Renderer(anatomy, "full")
    with staged_folder(out) as folder:
        tiles, views, shown = [], [], set()
        for shot in _progress(shots, "drawing views", console):
            frame, truth = _taken(anatomy, renderer, shot)
            tiles.append(_tile(shot, frame, truth))
            views.append({"name": shot.name, "view": shot.view.name} | truth_numbers(truth))
            shown |= {Tissue(int(t)) for t in np.unique(_visible_labels(truth))}
        numbers = patient_numbers(anatomy)
        page = draw_sheet(title(anatomy), headline(anatomy), numbers["findings"], tiles, shown, NOTICE)
        Image.fromarray(page).save(folder / "sheet.png")
        cine = _write_cine(anatomy, renderer, folder, console)
        truth_file = numbers | {"views": views, "cine": cine}
        (folder / "truth.json").write_text(_readable(truth_file) + "\n")
    console.print(f"{title(anatomy)}: {len(tiles)} pictures -> {out / 'sheet.png'}")


def _taken(anatomy: Anatomy, renderer: Renderer, shot: Shot) -> tuple[Frame, Truth]:
    cells = sector_cells(shot.moment.imaging)
    rendered = renderer.render_with_truth(shot.moment, cells)
    return rendered.frame, truth_of(anatomy, shot.moment, True, rendered.visibility, cells)


def _visible_labels(truth: Truth) -> NDArray[np.uint8]:
    assert truth.visible is not None
    return truth.visible.labels


def _tile(shot: Shot, frame: Frame, truth: Truth) -> Tile:
    return Tile(
        name=shot.name.replace("_", " "),
        corner=f"quality {truth.quality:.2f}, depth {100 * shot.moment.imaging.depth_m:.0f} cm",
        words=shot_words(shot, truth),
        plain=frame.image,
        labelled=_labelled(frame, truth, shot.view == View.AORTA_TRANS),
    )


def _labelled(frame: Frame, truth: Truth, calliper: bool) -> NDArray[np.uint8]:
    """The exact labels over the picture, shadow where nothing arrived, and the true AP diameter of the aorta."""
    assert truth.exact is not None and truth.visible is not None
    shape = (frame.image.shape[0], frame.image.shape[1])
    labels = labels_on_picture(truth.exact, frame.geometry, shape)
    shadow = labels_on_picture(truth.visible, frame.geometry, shape) == Tissue.SHADOW
    labels[shadow & (labels == Tissue.BACKGROUND)] = Tissue.SHADOW
    ends = []
    if calliper and truth.aorta is not None:
        x, y = truth.aorta.centre_m
        half = 0.5 * truth.aorta.outer_ap_m
        ends = [(EndPoint(float(x), float(y) - half), EndPoint(float(x), float(y) + half))]
    return overlay(frame.image, labels, ends, frame.geometry)


def _write_cine(anatomy: Anatomy, renderer: Renderer, folder: Path, console: Console) -> dict[str, Any] | None:
    name, moments = cine_moments(anatomy)
    if not moments:
        return None
    frames, films, rows = [], [], []
    for moment in _progress(moments, "drawing the cine", console):
        frame, truth = _taken(anatomy, renderer, Shot(name, View.NONE, moment))
        frames.append(frame)
        films.append(np.hstack([np.repeat(frame.image[:, :, None], 3, axis=2), _labelled(frame, truth, False)]))
        phases = {"heart_phase": round(moment.phases.heart, 4), "breathing_phase": moment.phases.breathing}
        rows.append({"time_s": round(moment.sequence / FRAME_HZ, 4)} | phases | truth_numbers(truth))
    subject = anatomy.patient.name or f"seed-{anatomy.patient.seed}"
    write_dicom(folder / "cine.dcm", frames, FRAME_HZ, subject, name)
    write_webm(folder / "cine.webm", films, FRAME_HZ)
    return {"view": name, "rate_hz": FRAME_HZ, "frames": rows}


def _readable(value: Any) -> str:
    """Indented JSON with lists of numbers on one line."""
    return re.sub(
        r"\[[-+\d.e,\s]+\]", lambda m: "".join(m.group().split()).replace(",", ", "), json.dumps(value, indent=2)
    )


def _progress(items: list[Any], what: str, console: Console) -> Iterable[Any]:
    return track(items, what, console=console, transient=True)
