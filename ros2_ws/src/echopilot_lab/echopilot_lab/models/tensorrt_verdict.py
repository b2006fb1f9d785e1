"""TensorRT on the GPU of this machine: does it build, keep, agree and how fast is it? A verdict in JSON.

`scripts/verify_tensorrt.sh` runs it where a GPU, TensorRT and cuda-bindings are.
"""

import argparse
import json
import platform
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from echopilot_core import EchoPilotError
from echopilot_exam.record.files import replace_file
from echopilot_lab.models.compare import pick_frames
from echopilot_perception.frames import to_network
from echopilot_perception.model.manifest import Manifest, read_manifest
from echopilot_perception.runtime import Precision, make_runtime
from echopilot_perception.runtime.availability import why_no_tensorrt
from echopilot_perception.runtime.tensorrt_check import EngineCheck, check_engine, start

PRECISIONS = (Precision.FP32, Precision.FP16)
FRAMES = 12
START_S = 180.0


def start_in_another_process(path: Path, precision: Precision, folder: Path) -> float:
    """Time [s] of a start in a fresh interpreter; EchoPilotError with its last line where that fails."""
    command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, "--start", path, precision.value, folder]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=START_S, check=False)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise EchoPilotError(f"second start: {lines[-1] if lines else f'exit code {done.returncode}'}")
    return float(done.stdout)


def verdict(checks: list[EngineCheck], about: dict[str, Any]) -> dict[str, Any]:
    """Checks by name, true or false, with the figures that they rest on; precisions that are missing do not hold."""
    done = {check.precision for check in checks}
    named = {name: holds for check in checks for name, holds in check.checks().items()}
    named |= {f"{precision.value}: done": False for precision in PRECISIONS if precision not in done}
    figures = {check.precision.value: asdict(check) | {"precision": check.precision.value} for check in checks}
    return about | {"holds": all(named.values()), "checks": named, "figures": figures}


def examine(manifest: Manifest, out: Path, console: Console) -> dict[str, Any]:
    """Check every precision and keep the verdict in `out` after each; the last one is returned."""
    images = np.stack([to_network(frame) for frame in pick_frames(FRAMES, "")])[:, None].astype(np.float32)
    about: dict[str, Any] = {"model": manifest.model_id, "machine": platform.platform()}
    checks: list[EngineCheck] = []
    with make_runtime(manifest, "onnxruntime") as reference:
        for precision in PRECISIONS:
            with console.status(f"TensorRT {precision.value}: builds, compares, times"):
                checks.append(
                    check_engine(
                        manifest.onnx,
                        precision,
                        np.ascontiguousarray(images),
                        reference,
                        out / "engines",
                        start_in_another_process,
                    )
                )
            found = verdict(checks, about)
            replace_file(out / "verdict.json", json.dumps(found, indent=1).encode())
    return found


def show(found: dict[str, Any], console: Console) -> None:
    """Times and checks, a line each."""
    for name, row in found["figures"].items():
        parts = ("to_device", "compute", "from_device", "whole")
        times = ", ".join(f"{part} {row[part]['p50_ms']:.2f} / {row[part]['p99_ms']:.2f}" for part in parts)
        console.print(f"{name}: p50 / p99 [ms] {times}; first start {row['first_start_s']:.0f} s, ", end="")
        console.print(f"second {row['second_start_s']:.1f} s", highlight=False)
    for name, holds in found["checks"].items():
        console.print(f"{'yes' if holds else '[red]no[/]':4} {name}", highlight=False)


def main() -> int:
    """0 when all holds, 1 when something does not, 2 when it could not be run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", default="out/verify_tensorrt", type=Path, help="new folder")
    parser.add_argument("--start", nargs=3, metavar=("ONNX", "PRECISION", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    console = Console()
    try:
        if given.start:
            onnx, precision, folder = given.start
            print(start(Path(onnx), Precision(precision), Path(folder)))
            return 0
        if missing := why_no_tensorrt():
            raise EchoPilotError(f"{missing} (docs/jetson.md says how to install it)")
        if given.out.exists():
            raise EchoPilotError(f"{given.out} exists already; give another folder")
        given.out.mkdir(parents=True)
        found = examine(read_manifest(None), given.out, console)
    except EchoPilotError as error:
        Console(stderr=True).print(f"[red]error:[/] {error}", highlight=False, soft_wrap=True)
        return 2
    show(found, console)
    console.print(f"verdict in {given.out / 'verdict.json'}", highlight=False, soft_wrap=True)
    return 0 if found["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
