"""Time of one image on one core, per standard view, at full and fast quality."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from echopilot_core import Preset, ScannerSettings, View
from echopilot_sim.anatomy import Anatomy, build, sample_patient
from echopilot_sim.bmode.renderer import Renderer
from echopilot_sim.bmode.scan_parameters import Quality
from echopilot_sim.frame_state import N_ELEMENTS, FrameState, Phases

SEEDS = tuple(range(600_000, 600_008))  # the first patient, and others for views that it does not have
VIEWS = tuple(view for view in View if view != View.NONE)
FRAMES = 40
BEAT_FRAMES = 20  # in one heartbeat
_ABDOMINAL = (View.AORTA_TRANS, View.AORTA_LONG, View.SC_IVC)
_INDENTATION_M = 0.004


@dataclass(frozen=True)
class RenderTiming:
    """Time per image [ms] over all frames of one view."""

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
    full: RenderTiming
    fast: RenderTiming


def pressed(target: np.ndarray, view: View, phases: Phases, sequence: int = 0) -> FrameState:
    """The probe pressed 4 mm into the skin at a pose (4, 4) on it, with the preset of a view and one look."""
    pose = np.array(target)
    pose[:3, 3] += _INDENTATION_M * pose[:3, 2]
    settings = ScannerSettings(preset=Preset.ABDOMEN if view in _ABDOMINAL else Preset.CARDIAC)
    gaps = np.full(N_ELEMENTS, -_INDENTATION_M)
    return FrameState(0, sequence, pose, pose, phases, gaps, 5.0, settings, sequence)


def view_frame_state(anatomy: Anatomy, view: View, phases: Phases, sequence: int = 0) -> FrameState | None:
    """The probe pressed 4 mm into the skin at a standard view, or None when the patient has no such view."""
    target = anatomy.view_target(view, phases)
    return None if target is None else pressed(target, view, phases, sequence)


def view_frame_states(anatomy: Anatomy, view: View, frames: int = FRAMES) -> list[FrameState]:
    """`frames` states of a beating heart at a standard view; empty when the patient has no such view."""
    frame_states = (view_frame_state(anatomy, view, Phases((k / BEAT_FRAMES) % 1.0, 0.5), k) for k in range(frames))
    return [frame_state for frame_state in frame_states if frame_state is not None]


def patients_of(views: Sequence[View] = VIEWS, seeds: Iterable[int] = SEEDS) -> Iterator[tuple[Anatomy, list[View]]]:
    """Patients, and the views to take of each: each view once, of the first patient who has it."""
    left = list(views)
    for seed in seeds:
        if not left:
            return
        anatomy = build(sample_patient(seed))
        here = [view for view in left if anatomy.view_target(view, Phases(0.0, 0.5)) is not None]
        left = [view for view in left if view not in here]
        if here:
            yield anatomy, here


def time_views(
    anatomy: Anatomy, views: Sequence[View], frames: int = FRAMES, done: Callable[[str], None] = lambda name: None
) -> list[ViewBench]:
    """Render and time `frames` images of each view in both qualities; `done` hears the name of each."""
    renderers: dict[Quality, Renderer] = {"full": Renderer(anatomy, "full"), "fast": Renderer(anatomy, "fast")}
    results = []
    for view in views:
        frame_states = view_frame_states(anatomy, view, frames)
        full, fast = (timing(renderers[quality].render, frame_states) for quality in ("full", "fast"))
        results.append(ViewBench(view, anatomy.patient.seed, full, fast))
        done(view.name)
    return results


def timing(render: Callable[[FrameState], object], frame_states: Sequence[FrameState]) -> RenderTiming:
    """Time `render` for each frame state, after one round that does not count."""
    render(frame_states[0])
    spent = []
    for frame_state in frame_states:
        start = time.perf_counter()
        render(frame_state)
        spent.append((time.perf_counter() - start) * 1e3)
    return RenderTiming(*(float(p) for p in np.percentile(spent, (50.0, 95.0, 99.0))))
