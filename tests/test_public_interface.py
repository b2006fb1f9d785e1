"""The names that packages export: each resolves, importing a package costs nothing, and the examples run on them."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("echopilot_perception", "echopilot_control", "echopilot_sim")


def run(*arguments: str, cwd: Path) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("package", PACKAGES)
def test_every_exported_name_resolves_and_no_other(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__all__ and all(getattr(module, name) is not None for name in module.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        module.nothing  # noqa: B018


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_loads_the_core_alone(package: str, tmp_path: Path) -> None:
    loaded = run("-c", f"import sys, {package}; print(*sys.modules)", cwd=tmp_path).split()
    assert {"scipy", "cv2", "mujoco", "pydantic", "numba", "onnxruntime"} & set(loaded) == set()
    assert [name for name in loaded if name.startswith(f"{package}.")] == []
    assert {name.split(".")[0] for name in loaded if name.startswith("echopilot_")} == {package, "echopilot_core"}


def test_perception_loads_no_reader_of_files_and_no_scipy_before_a_model(tmp_path: Path) -> None:
    loaded = run("-c", "import sys, echopilot_perception.pipeline; print(*sys.modules)", cwd=tmp_path).split()
    assert {"scipy", "PIL", "pydicom", "onnxruntime", "torch"} & set(loaded) == set()


EXAMPLES = {
    "control_loop": ((), "TOUCH"),
    "hold_force": ((), ""),
    "perceive_clip": (("clip.png",), "quality"),
    "render_frame": ((), "frame.png"),
    "write_ultrasound_bag": (("beat.mcap",), "beat.mcap: 14 frames"),
}


def test_every_example_is_run_here() -> None:
    assert {file.stem for file in (ROOT / "examples").glob("*.py")} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_runs_and_prints_its_result(name: str, tmp_path: Path) -> None:
    arguments, printed = EXAMPLES[name]
    speckle = np.random.default_rng(0).integers(20, 200, (240, 320), dtype=np.uint8)
    Image.fromarray(speckle).save(tmp_path / "clip.png")
    assert printed in run(str(ROOT / "examples" / f"{name}.py"), *arguments, cwd=tmp_path)
