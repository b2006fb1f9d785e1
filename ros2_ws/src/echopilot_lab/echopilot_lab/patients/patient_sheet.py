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

from echopilot_core import CaliperPoint, EchoPilotError, Frame, SegmentationClass, View
from echopilot_lab.patients.contact_sheet import Tile, draw_sheet
from echopilot_lab.patients.dicom_cine import write_dicom
from echopilot_lab.patients.patient_numbers import (
    NOTICE,
    headline,
    patient_numbers,
    reference_view_text,
    title,
    truth_numbers,
)
from echopilot_lab.patients.reference_views import FRAME_HZ, ReferenceView, cine_frame_states, standard_reference_views
from echopilot_lab.patients.video import write_mp4, write_webm
from echopilot_lab.util.atomic_output import staged_folder
from echopilot_lab.util.owned_files import check_output
from echopilot_report.images.overlay import labels_on_image, overlay
from echopilot_sim.anatomy import Anatomy, Patient, build, sample_patient
from echopilot_sim.bmode import Renderer
from echopilot_sim.mask_grids import sector_cells
from echopilot_sim.truth.frame_truth import Truth, truth_of


def choose_patient(seed: int | None, name: str, ct: Path | None) -> Callable[[], Anatomy]:
    """What builds the one patient that was asked for; raises EchoPilotError unless exactly one was."""
    if (seed is not None) + bool(name) + (ct is not None) != 1:
        from echopilot_sim.anatomy.sampling.named_patients import NAMES

        raise EchoPilotError(f"give one of --seed S, --ct FILE and --name NAME, where NAME is {', '.join(NAMES)}")
    if ct is not None:
        if not ct.exists():
            raise EchoPilotError(f"no CT at {ct}; --ct takes a label volume (NIfTI)")
        return lambda: _from_ct(ct)
    chosen = sample_patient(seed) if seed is not None else _named(name)
    return lambda: build(chosen)


def _named(name: str) -> Patient:
    from echopilot_sim.anatomy.sampling.named_patients import named_patient

    return named_patient(name)


def _from_ct(path: Path) -> Anatomy:
    from echopilot_sim.anatomy.ct import load

    return load(path)


def draw_patient_sheet(make: Callable[[], Anatomy], out: Path, console: Console, view: View = View.A4C) -> None:
    """Write sheet.png, truth.json and the clip of `view`: cine.dcm, cine.mp4, and cine.webm with the labels beside it.

    A patient without heart and aorta has no clip.
    """
    check_output(out.resolve())
    with console.status("building the patient"):
        anatomy = make()
    references = standard_reference_views(anatomy)
    if not references:
        raise EchoPilotError("this patient shows neither a cardiac view nor the abdominal aorta: nothing to draw")
    renderer = Renderer(anatomy, "full")
    with staged_folder(out) as folder:
        tiles, views, legend_classes = [], [], set()
        for reference in _progress(references, "drawing views", console):
            frame, truth = _taken(anatomy, renderer, reference)
            tiles.append(_tile(reference, frame, truth))
            views.append({"name": reference.name, "view": reference.view.name} | truth_numbers(truth))
            legend_classes |= {SegmentationClass(int(t)) for t in np.unique(_visible_labels(truth))}
        numbers = patient_numbers(anatomy)
        page = draw_sheet(title(anatomy), headline(anatomy), numbers["findings"], tiles, legend_classes, NOTICE)
        Image.fromarray(page).save(folder / "sheet.png")
        cine = _write_cine(anatomy, renderer, folder, console, view)
        truth_file = numbers | {"views": views, "cine": cine}
        (folder / "truth.json").write_text(_readable(truth_file) + "\n")
    console.print(f"{title(anatomy)}: {len(tiles)} images -> {out / 'sheet.png'}")


def _taken(anatomy: Anatomy, renderer: Renderer, reference: ReferenceView) -> tuple[Frame, Truth]:
    cells = sector_cells(reference.frame_state.imaging)
    rendered = renderer.render_with_truth(reference.frame_state, cells)
    return rendered.frame, truth_of(anatomy, reference.frame_state, True, rendered.visibility, cells)


def _visible_labels(truth: Truth) -> NDArray[np.uint8]:
    assert truth.visible is not None
    return truth.visible.labels


def _tile(reference: ReferenceView, frame: Frame, truth: Truth) -> Tile:
    return Tile(
        name=reference.name.replace("_", " "),
        corner=f"quality {truth.quality:.2f}, depth {100 * reference.frame_state.imaging.depth_m:.0f} cm",
        words=reference_view_text(reference, truth),
        plain=frame.image,
        labeled=_labeled(frame, truth, reference.view == View.AORTA_TRANS),
    )


def _labeled(frame: Frame, truth: Truth, caliper: bool) -> NDArray[np.uint8]:
    """The exact labels over the image, shadow where nothing arrived, and the true AP diameter of the aorta."""
    assert truth.exact is not None and truth.visible is not None
    shape = (frame.image.shape[0], frame.image.shape[1])
    labels = labels_on_image(truth.exact, frame.geometry, shape)
    shadow = labels_on_image(truth.visible, frame.geometry, shape) == SegmentationClass.SHADOW
    labels[shadow & (labels == SegmentationClass.BACKGROUND)] = SegmentationClass.SHADOW
    ends = []
    if caliper and truth.aorta is not None:
        x, y = truth.aorta.centre_m
        half = 0.5 * truth.aorta.outer_ap_m
        ends = [(CaliperPoint(float(x), float(y) - half), CaliperPoint(float(x), float(y) + half))]
    return overlay(frame.image, labels, ends, frame.geometry)


def _write_cine(
    anatomy: Anatomy, renderer: Renderer, folder: Path, console: Console, view: View
) -> dict[str, Any] | None:
    name, frame_states = cine_frame_states(anatomy, view)
    if not frame_states:
        return None
    frames, video_frames, rows = [], [], []
    for frame_state in _progress(frame_states, "drawing the cine", console):
        frame, truth = _taken(anatomy, renderer, ReferenceView(name, View.NONE, frame_state))
        frames.append(frame)
        video_frames.append(np.hstack([np.repeat(frame.image[:, :, None], 3, axis=2), _labeled(frame, truth, False)]))
        phases = {"heart_phase": round(frame_state.phases.heart, 4), "breathing_phase": frame_state.phases.breathing}
        rows.append({"time_s": round(frame_state.sequence / FRAME_HZ, 4)} | phases | truth_numbers(truth))
    subject = anatomy.patient.name or f"seed-{anatomy.patient.seed}"
    write_dicom(folder / "cine.dcm", frames, FRAME_HZ, subject, name)
    write_webm(folder / "cine.webm", video_frames, FRAME_HZ)
    write_mp4(folder / "cine.mp4", [np.repeat(f.image[:, :, None], 3, axis=2) for f in frames], FRAME_HZ)
    return {"view": name, "rate_hz": FRAME_HZ, "frames": rows}


def _readable(value: Any) -> str:
    """Indented JSON with lists of numbers on one line."""
    return re.sub(
        r"\[[-+\d.e,\s]+\]", lambda m: "".join(m.group().split()).replace(",", ", "), json.dumps(value, indent=2)
    )


def _progress(items: list[Any], what: str, console: Console) -> Iterable[Any]:
    return track(items, what, console=console, transient=True)
