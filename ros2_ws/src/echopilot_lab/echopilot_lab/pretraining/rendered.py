"""Rendered images as pre-training images, with every level of the tree that their truth tells."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from echopilot_core import (
    EchoPilotError,
    FindingKind,
    Frame,
    ProbeGeometry,
    ProbeKind,
    SectorBox,
    SegmentationClass,
    View,
)
from echopilot_core.guarded.bounded import one_line
from echopilot_lab.datasets.shard import Example, read_shard
from echopilot_lab.datasets.training_shards import load
from echopilot_lab.datasets.visible_labels import disease_cells
from echopilot_perception import grid
from echopilot_perception.pretraining.data.image import PretrainImage, image_of, shown_sector
from echopilot_perception.pretraining.tree.simulator import AORTA, HEART, ORGAN_OF_VIEW, rendered_label
from echopilot_perception.training.samples import UNKNOWN_VIEW

ANEURYSM_M = 0.030  # outer diameter from which an abdominal aorta is called aneurysmal (ESC 2024)
REDUCED_EF = 0.50
SHARD_KINDS = (".npz", ".tar")
States = dict[str, bool | None]
FINDINGS = {
    FindingKind.EFFUSION: "effusion",
    FindingKind.THROMBUS: "thrombus",
    FindingKind.DISSECTION_FLAP: "dissection",
}
"""States that the map of disease of a training shard tells."""


def rendered_images(path: Path) -> Iterator[PretrainImage]:
    """Images of a training shard (.npz) or of a shard of `echopilot dataset` (.tar).

    Raises EchoPilotError that names the file when it is damaged or holds other images.
    """
    yield from (_of_training(path) if path.suffix == ".npz" else _of_data_set(path))


def _of_training(path: Path) -> Iterator[PretrainImage]:
    samples = load([path])
    side, cells = grid.IMAGE_CELLS, grid.COARSE_CELLS
    wanted = {
        "image": (samples.image, (side, side)),
        "labels": (samples.labels, (grid.CELLS, grid.CELLS)),
        "disease": (samples.disease, (cells, cells)),
    }
    for name, (array, shape) in wanted.items():
        if array.dtype != np.uint8 or array.shape[1:] != shape:
            raise EchoPilotError(
                f"{path}: {name} is {array.shape} {array.dtype}, not (N, {shape[0]}, {shape[1]}) uint8"
            )
    for image, labels, number, disease in zip(
        samples.image, samples.labels, samples.view.tolist(), samples.disease, strict=True
    ):
        view = None if number == UNKNOWN_VIEW else _view(number, path)
        found = {kind: disease_cells(disease, kind) > 0 for kind in FINDINGS}
        states: States = {name: found[kind] for kind, name in FINDINGS.items()}
        yield PretrainImage(image, shown_sector(image), path.stem, rendered_label(labels, view, states))


def _view(number: Any, path: Path) -> View:
    try:
        return View(number)
    except ValueError as error:
        raise EchoPilotError(f"{path}: view {one_line(number, 20)} does not exist") from error


def _of_data_set(path: Path) -> Iterator[PretrainImage]:
    for example in read_shard(path):
        try:
            view = View[str(example.truth["nearest_view"])]
            label = rendered_label(example.visible, None if view is View.NONE else view, _states(example, view))
            yield image_of(_frame(example), path.stem, label)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise EchoPilotError(
                f"{path}, {one_line(example.key, 60)}: its truth is incomplete ({one_line(error, 60)})"
            ) from error


def _frame(example: Example) -> Frame:
    truth, height, width = example.truth, *example.image.shape
    probe, pixel_m = truth["probe"], float(truth["pixel_m"])
    if not pixel_m > 0.0:
        raise ValueError(f"pixel_m is {pixel_m}")
    left_m, top_m = (float(value) for value in truth["origin_m"])
    geometry = ProbeGeometry(
        kind=ProbeKind[str(probe["kind"])],
        radius_m=float(probe["radius_m"]),
        opening_angle_rad=float(probe["opening_rad"]),
        aperture_m=float(probe["aperture_m"]),
        depth_m=float(truth["imaging"]["depth_m"]),
        spacing_x_m=pixel_m,
        spacing_y_m=pixel_m,
        origin_u_px=-left_m / pixel_m,
        origin_v_px=-top_m / pixel_m,
        frequency_hz=float(probe["frequency_hz"]),
    )
    return Frame(0, 0, example.image, geometry, SectorBox(0, 0, width, height))


def _states(example: Example, view: View) -> States:
    """States that the truth of a frame tells; None where it does not."""
    truth = example.truth
    organ = ORGAN_OF_VIEW.get(view)
    if organ == AORTA:
        aorta = truth["aorta"]
        return {"aneurysm": None if aorta is None else float(aorta["outer_ap_m"]) >= ANEURYSM_M}
    if organ != HEART:
        return {}
    now, full, ef = (truth[key] for key in ("lv_volume_m3", "lv_edv_m3", "ejection_fraction"))
    effusion = bool((example.visible == SegmentationClass.EFFUSION).any())
    if now is None or full is None or ef is None or not float(ef) * float(full) > 0.0:
        return {"effusion": effusion}
    emptied = (float(full) - float(now)) / (float(ef) * float(full))
    systole = emptied >= 0.5  # nearer to the smallest volume than to the largest
    return {"systole": systole, "diastole": not systole, "effusion": effusion, "reduced_ef": float(ef) < REDUCED_EF}
