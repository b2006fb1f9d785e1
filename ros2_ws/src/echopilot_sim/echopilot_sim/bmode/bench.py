"""How long a picture takes on one core, per standard view, full and fast."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np

from echopilot_core import View
from echopilot_sim.anatomy import Anatomy, build, draw_patient
from echopilot_sim.bmode.renderer import Renderer
from echopilot_sim.bmode.setup import Quality
from echopilot_sim.moment import N_ELEMENTS, ImagingSettings, Moment, Phases

SEEDS = tuple(range(600_000, 600_008))  # the first patient, and others for views that it does not have
VIEWS = tuple(view for view in View if view != View.NONE)
FRAMES = 40
BEAT_FRAMES = 20  # in one heartbeat
_ABDOMINAL = (View.AORTA_TRANS, View.AORTA_LONG, View.SC_IVC)
_INDENTATION_M = 0.004


@dataclass(frozen=True)
class Timing:
    """Time per picture [ms] over all frames of one view."""

    p50_ms: float
    p95_ms: float
    p99_ms: float

    def as_dict(self) -> dict[str, float]:
        """As the benchmarks print it."""
        return {"p50": self.p50_ms, "p95": self.p95_ms, "p99": self.p99_ms}


@dataclass(frozen=True)
class ViewBench:
    """A standard view of the patient `seed`, rendered in both qualities."""

    view: View
    seed: int
    full: Timing
    fast: Timing


def pressed(target: np.ndarray, view: View, phases: Phases, sequence: int = 0) -> Moment:
    """The probe pressed 4 mm into the skin at a pose (4, 4) on it, with the preset of a view and one look."""
    pose = np.array(target)
    pose[:3, 3] += _INDENTATION_M * pose[:3, 2]
    settings = ImagingSettings(preset="abdomen" if view in _ABDOMINAL else "cardiac")
    gaps = np.full(N_ELEMENTS, -_INDENTATION_M)
    return Moment(0, sequence, pose, pose, phases, gaps, 5.0, settings, sequence)


def view_moment(anatomy: Anatomy, view: View, phases: Phases, sequence: int = 0) -> Moment | None:
    """The probe pressed 4 mm into the skin at a standard view, or None when the patient has no such view."""
    target = anatomy.view_target(view, phases)
    return None if target is None else pressed(target, view, phases, sequence)


def view_moments(anatomy: Anatomy, view: View, frames: int = FRAMES) -> list[Moment]:
    """`frames` moments of a beating heart at a standard view; empty when the patient has no such view."""
    moments = (view_moment(anatomy, view, Phases((k / BEAT_FRAMES) % 1.0, 0.5), k) for k in range(frames))
    return [moment for moment in moments if moment is not None]


def patients_of(views: Sequence[View] = VIEWS, seeds: Iterable[int] = SEEDS) -> Iterator[tuple[Anatomy, list[View]]]:
    """Patients, and the views to take of each: each view once, of the first patient who has it."""
    left = list(views)
    for seed in seeds:
        if not left:
            return
        anatomy = build(draw_patient(seed))
        here = [view for view in left if anatomy.view_target(view, Phases(0.0, 0.5)) is not None]
        left = [view for view in left if view not in here]
        if here:
            yield anatomy, here


def time_views(
    anatomy: Anatomy, views: Sequence[View], frames: int = FRAMES, done: Callable[[str], None] = lambda name: None
) -> list[ViewBench]:
    """Render and time `frames` pictures of each view in both qualities; `done` hears the name of each."""
    renderers: dict[Quality, Renderer] = {"full": Renderer(anatomy, "full"), "fast": Renderer(anatomy, "fast")}
    results = []
    for view in views:
        moments = view_moments(anatomy, view, frames)
        full, fast = (timing(renderers[quality].render, moments) for quality in ("full", "fast"))
        results.append(ViewBench(view, anatomy.patient.seed, full, fast))
        done(view.name)
    return results


def timing(render: Callable[[Moment], object], moments: Sequence[Moment]) -> Timing:
    """Time `render` for each moment, after one round that does not count."""
    render(moments[0])
    spent = []
    for moment in moments:
        start = time.perf_counter()
        render(moment)
        spent.append((time.perf_counter() - start) * 1e3)
    return Timing(*(float(p) for p in np.percentile(spent, (50.0, 95.0, 99.0))))


@contextmanager
def one_thread() -> Iterator[None]:
    """OpenCV on one thread for a while; the kernels use one anyway."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
