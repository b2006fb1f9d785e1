"""Pictures that no patient in contact gives: lifted probe, settings far off, and real pictures of other things."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from echopilot_core import EchoPilotError, View
from echopilot_lab.evaluation.marks import Marks
from echopilot_lab.probing import moment_at, view_moments
from echopilot_perception.frames import open_clip
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.bmode import Renderer
from echopilot_sim.moment import Moment

REAL = ("no_contact", "other_organs", "phantom")
REAL_FRAMES = 10  # of one clip at most, evenly picked
LIFTED_M = (0.006, 0.030)
DEPTHS_M = (0.05, 0.28)
GAINS_DB = (-30.0, 30.0)


def count_spoilt(marks: Marks, perception: Perception, anatomy: Anatomy, renderer: Renderer, seed: int) -> None:
    """The same patient with the probe lifted off, and at wrong depths and gains."""
    rng = np.random.default_rng([seed, 0xF0E1])
    for view in (View.A4C, View.AORTA_TRANS):
        for moment in view_moments(anatomy, rng, view, 1):
            imaging = moment.imaging
            rows: list[tuple[str, Moment]] = [("lifted", _lifted(anatomy, moment, float(rng.uniform(*LIFTED_M))))]
            for depth_m in DEPTHS_M:
                focus_m = min(imaging.focus_m, 0.5 * depth_m)
                rows.append(("depth", replace(moment, imaging=replace(imaging, depth_m=depth_m, focus_m=focus_m))))
            rows += [("gain", replace(moment, imaging=replace(imaging, gain_db=gain))) for gain in GAINS_DB]
            for kind, spoilt in rows:
                marks.ood_foreign.append((kind, perception.see(renderer.render(spoilt)).ood_score))


def _lifted(anatomy: Anatomy, moment: Moment, gap_m: float) -> Moment:
    pose = moment.T_patient_probe.copy()
    near = float(np.min(moment.gap_m))
    pose[:3, 3] -= (gap_m - min(near, 0.0)) * pose[:3, 2]
    return moment_at(anatomy, pose, moment.phases, moment.imaging, moment.sequence, moment.flicker_seed)


def count_real(marks: Marks, perception: Perception, folder: Path) -> None:
    """Real pictures without contact, of other organs and of phantoms under `folder` (shared/data/ultrasound)."""
    for kind in REAL:
        for path in sorted((folder / kind).glob("*")):
            try:
                clip = open_clip(path)
            except EchoPilotError:
                marks.refused.append(path.name)  # licence texts and geometry files lie beside the clips
                continue
            frames = list(clip.frames())
            for frame in frames[:: max(len(frames) // REAL_FRAMES, 1)][:REAL_FRAMES]:
                marks.ood_foreign.append((kind, perception.see(frame).ood_score))
