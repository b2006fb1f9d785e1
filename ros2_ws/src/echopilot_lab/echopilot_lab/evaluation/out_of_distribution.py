"""Images out of distribution: lifted probe, settings far off, and real images of other subjects."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from echopilot_core import EchoPilotError, View
from echopilot_lab.datasets.probe_pose_sampling import frame_state_at, view_frame_states
from echopilot_lab.evaluation.marks import Marks
from echopilot_perception.frames import open_clip
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.bmode import Renderer
from echopilot_sim.frame_state import FrameState

REAL = ("no_contact", "other_organs", "phantom")
REAL_FRAMES = 10  # of one clip at most, evenly picked
LIFTED_M = (0.006, 0.030)
DEPTHS_M = (0.05, 0.28)
GAINS_DB = (-30.0, 30.0)


def count_altered(marks: Marks, perception: Perception, anatomy: Anatomy, renderer: Renderer, seed: int) -> None:
    """The same patient with the probe lifted off, and at wrong depths and gains."""
    rng = np.random.default_rng([seed, 0xF0E1])
    for view in (View.A4C, View.AORTA_TRANS):
        for frame_state in view_frame_states(anatomy, rng, view, 1):
            imaging = frame_state.imaging
            rows: list[tuple[str, FrameState]] = [
                ("lifted", _lifted(anatomy, frame_state, float(rng.uniform(*LIFTED_M))))
            ]
            for depth_m in DEPTHS_M:
                focus_m = min(imaging.focus_m, 0.5 * depth_m)
                rows.append(("depth", replace(frame_state, imaging=replace(imaging, depth_m=depth_m, focus_m=focus_m))))
            rows += [("gain", replace(frame_state, imaging=replace(imaging, gain_db=gain))) for gain in GAINS_DB]
            for kind, altered in rows:
                marks.ood_scores.append((kind, perception.see(renderer.render(altered)).ood_score))


def _lifted(anatomy: Anatomy, frame_state: FrameState, gap_m: float) -> FrameState:
    pose = frame_state.T_patient_probe.copy()
    near = float(np.min(frame_state.gap_m))
    pose[:3, 3] -= (gap_m - min(near, 0.0)) * pose[:3, 2]
    return frame_state_at(
        anatomy, pose, frame_state.phases, frame_state.imaging, frame_state.sequence, frame_state.flicker_seed
    )


def count_real(marks: Marks, perception: Perception, folder: Path) -> None:
    """Real images without contact, of other organs and of phantoms under `folder` (shared/data/ultrasound)."""
    for kind in REAL:
        for path in sorted((folder / kind).glob("*")):
            try:
                clip = open_clip(path)
            except EchoPilotError:
                marks.refused.append(path.name)  # license texts and geometry files lie beside the clips
                continue
            frames = list(clip.frames())
            for frame in frames[:: max(len(frames) // REAL_FRAMES, 1)][:REAL_FRAMES]:
                marks.ood_scores.append((kind, perception.see(frame).ood_score))
