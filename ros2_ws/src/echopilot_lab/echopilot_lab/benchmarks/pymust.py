"""A peer for the B-mode benchmark: PyMUST simulates the echoes of one transmission into the same field.

PyMUST (Garcia 2022, Comput. Methods Programs Biomed. 218:106726) solves the acoustics of point scatterers, without
attenuation by tissue, boundaries or shadows; beam forming is not counted. `python -m ... SCATTERERS.npz` is the timed
process: it prints the seconds.
"""

import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, Preset, View
from echopilot_lab.benchmarks.bmode_numpy import ONE_THREAD
from echopilot_lab.benchmarks.bmode_views import view_frame_state
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.bmode.probes import preset
from echopilot_sim.bmode.sound.acoustics import amplitudes
from echopilot_sim.bmode.sound.contact import free_points
from echopilot_sim.frame_state import N_ELEMENTS, Phases

NAME = "PyMUST, one diverging wave, no beam forming"
HINT = "PyMUST is not installed: its row is left out; pip install 'echopilot[bench]' brings it (LGPL-3)"
SCATTERERS = 20_000
_LIMIT_S = 900.0


def available() -> bool:
    """Whether PyMUST can be imported."""
    return find_spec("pymust") is not None


def time_pymust(anatomy: Anatomy, count: int = SCATTERERS) -> float:
    """Milliseconds that PyMUST takes for `count` scatterers of the patient's A4C view, timed once on one thread.

    Raises EchoPilotError for a patient without A4C, and where PyMUST fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scatterers.npz"
        x_m, z_m, reflection = scatterers(anatomy, count)
        np.savez(path, x_m=x_m, z_m=z_m, reflection=reflection)
        command = [sys.executable, "-m", __spec__.name, str(path)]
        environment = {**os.environ, **ONE_THREAD}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_LIMIT_S)
    if done.returncode:
        raise EchoPilotError(f"PyMUST: {(done.stderr.strip().splitlines() or ['no output'])[-1]}")
    return 1e3 * float(done.stdout.split()[-1])


def scatterers(anatomy: Anatomy, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Places x and z (N,) [m] in `probe`, even over the fan of an A4C image, and reflection (N,) by material."""
    frame_state = view_frame_state(anatomy, View.A4C, Phases(0.0, 0.5))
    if frame_state is None:
        raise EchoPilotError(f"patient {anatomy.patient.seed} has no A4C view; choose another seed")
    rng = np.random.default_rng(count)
    angle = preset(frame_state.imaging.preset).opening_rad * (rng.random(count) - 0.5)
    distance = frame_state.imaging.depth_m * np.sqrt(rng.random(count))
    x_m, z_m = distance * np.sin(angle), distance * np.cos(angle)
    points = free_points(x_m.astype(np.float32), z_m.astype(np.float32), frame_state)
    materials, _ = anatomy.label_points(points, frame_state.phases)
    return x_m, z_m, amplitudes()[materials, 128] * rng.standard_normal(count)


def main(path: Path) -> float:
    """Seconds that one frame takes: a diverging wave as wide as the fan from a 64-element phased array."""
    import pymust

    data, probe = np.load(path), preset(Preset.CARDIAC)
    param = pymust.getparam("P4-2v")
    param.fc, param.Nelements, param.c, param.attenuation = probe.frequency_hz, N_ELEMENTS, 1540.0, 0.5
    param.pitch = probe.aperture_m / N_ELEMENTS
    param.kerf = 0.1 * param.pitch
    param.width = param.pitch - param.kerf
    delays = pymust.txdelayCircular(param, 0.0, probe.opening_rad)
    start = time.perf_counter()
    pymust.simus(data["x_m"], data["z_m"], data["reflection"], delays, param)
    return time.perf_counter() - start


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))
