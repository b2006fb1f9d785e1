"""The verdict about TensorRT: what was not done does not hold, and a machine without it is told so in one line."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from echopilot_lab.models.tensorrt_verdict import verdict
from echopilot_perception.runtime import Precision
from echopilot_perception.runtime.availability import why_no_tensorrt
from echopilot_perception.runtime.tensorrt_check import EngineCheck, Spread

ROOT = Path(__file__).resolve().parents[3]
SPREAD = Spread(1.0, 2.0)
SAID = ("TensorRT 10.3.0: building the fp32 engine", "TensorRT: engine built in 40 s")
CHECK = EngineCheck(
    Precision.FP32, "tensorrt 10.3.0", 41.0, 0.5, {"view": 1e-4}, 2000, SPREAD, SPREAD, SPREAD, SPREAD, SAID
)


def test_both_precisions_have_to_be_done_and_to_hold() -> None:
    half = verdict([CHECK], {"model": "m"})
    assert not half["holds"] and half["checks"]["fp16: done"] is False
    both = verdict([CHECK, replace(CHECK, precision=Precision.FP16)], {"model": "m"})
    assert both["holds"] and len(both["checks"]) == 6
    assert json.loads(json.dumps(both))["figures"]["fp16"]["compute"] == {"p50_ms": 1.0, "p99_ms": 2.0}
    off = verdict([CHECK, replace(CHECK, precision=Precision.FP16, differences={"view": 0.02})], {})
    assert [name for name, holds in off["checks"].items() if not holds] == ["fp16: outputs within 0.01 of ONNX Runtime"]


def test_the_script_says_in_one_line_what_the_machine_lacks(tmp_path: Path) -> None:
    missing = why_no_tensorrt()
    if missing is None:
        pytest.skip("this machine has TensorRT and a GPU")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [ROOT / "scripts" / "verify_tensorrt.sh", tmp_path / "out"],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2 and missing in done.stderr and "docs/jetson.md" in done.stderr
    assert len(done.stderr.splitlines()) == 1 and not (tmp_path / "out").exists()
