"""How long a picture takes on one core, per standard view, beside a plain-array renderer in the same run."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from echopilot_core import View
from echopilot_sim.anatomy import Anatomy, build, draw_patient
from echopilot_sim.bmode.acoustics import acoustic_table
from echopilot_sim.bmode.contact import free_points
from echopilot_sim.bmode.grid import beam_grid, sample_indices
from echopilot_sim.bmode.probes import preset
from echopilot_sim.bmode.renderer import Renderer
from echopilot_sim.bmode.setup import Quality
from echopilot_sim.bmode.warm_up import warm_up
from echopilot_sim.moment import N_ELEMENTS, ImagingSettings, Moment, Phases

_VIEWS = (View.PLAX, View.A4C, View.AORTA_TRANS, View.AORTA_LONG)
_ABDOMINAL = (View.AORTA_TRANS, View.AORTA_LONG, View.SC_IVC)
_INDENTATION_M = 0.004


@dataclass(frozen=True)
class Timing:
    """Time per picture [ms] over all frames of one view."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    least_ms: float


@dataclass(frozen=True)
class BmodeBench:
    """Timings per view; `worst` is the slowest view by median, `peer` a renderer of NumPy and SciPy calls alone."""

    quality: Quality
    threads: int
    views: dict[str, Timing]
    worst: Timing
    peer_name: str
    peer: Timing


def view_moment(anatomy: Anatomy, view: View, phases: Phases, sequence: int = 0) -> Moment | None:
    """The probe pressed 4 mm into the skin at a standard view, or None when the patient has no such view."""
    target = anatomy.view_target(view, phases)
    if target is None:
        return None
    pose = np.array(target)
    pose[:3, 3] += _INDENTATION_M * pose[:3, 2]
    settings = ImagingSettings(preset="abdomen" if view in _ABDOMINAL else "cardiac")
    gaps = np.full(N_ELEMENTS, -_INDENTATION_M)
    return Moment(0, sequence, pose, pose, phases, gaps, 5.0, settings, sequence)


def run(seed: int = 600_000, frames: int = 40, quality: Quality = "full") -> BmodeBench:
    """Render `frames` pictures of a beating, breathing patient per view and time each with one OpenCV thread."""
    threads_before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        warm_up()
        anatomy = build(draw_patient(seed))
        renderer = Renderer(anatomy, quality)
        views: dict[str, Timing] = {}
        plax: list[Moment] = []
        for view in _VIEWS:
            moments = [view_moment(anatomy, view, Phases((k / 20.0) % 1.0, 0.5), k) for k in range(frames)]
            present = [m for m in moments if m is not None]
            if present:
                views[view.name] = _time(renderer.render, present)
                plax = plax or present
        peer = _time(lambda moment: _plain_picture(anatomy, moment), plax[: max(5, frames // 4)])
    finally:
        cv2.setNumThreads(threads_before)
    worst = max(views.values(), key=lambda t: t.p50_ms)
    return BmodeBench(quality, 1, views, worst, "numpy + scipy label-map renderer, fewer effects", peer)


def _time(render: Callable[[Moment], object], moments: list[Moment]) -> Timing:
    render(moments[0])
    spent = []
    for moment in moments:
        start = time.perf_counter()
        render(moment)
        spent.append((time.perf_counter() - start) * 1e3)
    p50, p95, p99 = np.percentile(spent, (50.0, 95.0, 99.0))
    return Timing(float(p50), float(p95), float(p99), float(min(spent)))


def _plain_picture(anatomy: Anatomy, moment: Moment) -> NDArray[np.uint8]:
    """Attenuation, boundary echoes and blurred noise from labels, in array calls only (192 x 512 to 512 px)."""
    grid = beam_grid(preset(moment.imaging.preset), moment.imaging.depth_m, 192, 512)
    labels, _ = anatomy.label_points(free_points(grid.x_m, grid.z_m, moment), moment.phases)
    labels = labels.reshape(grid.shape)
    table = acoustic_table()
    impedance = table.impedance[labels]
    jump = np.diff(impedance, axis=0, prepend=impedance[:1])
    reflection = jump / (2.0 * impedance - jump)
    loss_db = np.cumsum(table.attenuation[labels] * grid.step_m * 100.0 * 5.0, axis=0)
    sent = 10.0 ** (-loss_db / 20.0) * np.cumprod(1.0 - reflection**2, axis=0)
    noise = np.random.default_rng(moment.sequence).standard_normal((2, *grid.shape), dtype=np.float32)
    echo = sent * (table.amplitude[labels, 128] * noise + 10.0 * np.abs(reflection))
    power = sum(gaussian_filter(part, (0.7, 1.5)) ** 2 for part in echo) * 10.0 ** (loss_db.mean() / 20.0)
    level = np.clip(10.0 * np.log10(np.maximum(power, 1e-9)) + 40.0, 0.0, 60.0) * (255.0 / 60.0)
    half = float(np.abs(grid.x_m).max())
    x, y = np.meshgrid(np.linspace(-half, half, 512), np.arange(0.0, grid.depth_m, 2.0 * half / 512))
    beam, sample, inside = sample_indices(grid, x, y)
    return np.asarray(np.where(inside, map_coordinates(level, (sample, beam), order=1), 0.0), np.uint8)
