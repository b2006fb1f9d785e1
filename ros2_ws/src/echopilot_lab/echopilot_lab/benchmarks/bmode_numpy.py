"""Time of the renderer's NumPy path, measured in a process with numba switched off: `python -m ... BODY.npz FRAMES`.

Prints `{"VIEW": [milliseconds, ...], ...}` as JSON. Import nothing here that needs numba.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2

from echopilot_core import EchoPilotError
from echopilot_core.kernels.compiled import COMPILED
from echopilot_lab.benchmarks.bmode_views import BEAT_FRAMES, pressed
from echopilot_sim.bmode.renderer import Renderer
from echopilot_sim.frame_state import Phases
from echopilot_sim.voxels.body import VoxelBody, load

_LIMIT_S = 300.0
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


def time_arrays(body: VoxelBody, frames: int) -> dict[str, list[float]]:
    """Milliseconds of each of `frames` images of each view of a body, on one thread without numba.

    Raises EchoPilotError with the last line of the other process where that fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "body.npz"
        body.save(path)
        command = [sys.executable, "-m", __spec__.name, str(path), str(frames)]
        environment = {**os.environ, **ONE_THREAD, "ECHOPILOT_NUMBA": "0"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_LIMIT_S)
    if done.returncode:
        raise EchoPilotError(f"array path: {(done.stderr.strip().splitlines() or ['no output'])[-1]}")
    return {str(name): [float(ms) for ms in spent] for name, spent in json.loads(done.stdout).items()}


def main(path: Path, frames: int) -> dict[str, list[float]]:
    """Render every view of a saved body and return the milliseconds of each image."""
    cv2.setNumThreads(1)
    body = load(path)
    renderer = Renderer(body, "full")
    spent: dict[str, list[float]] = {}
    for view, pose in body.poses.items():
        frame_states = [pressed(pose, view, Phases((k / BEAT_FRAMES) % 1.0, 0.5), k) for k in range(frames)]
        renderer.render(frame_states[0])
        spent[view.name] = []
        for frame_state in frame_states:
            start = time.perf_counter()
            renderer.render(frame_state)
            spent[view.name].append((time.perf_counter() - start) * 1e3)
    return spent


if __name__ == "__main__":
    if COMPILED:
        sys.exit("numba is switched on")
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
