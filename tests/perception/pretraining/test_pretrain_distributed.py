"""Two gloo processes pre-train as one process does that works through their shares one after the other."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from rich.console import Console  # noqa: E402
from small_run import RECIPE, small_store  # noqa: E402

from echopilot_perception.pretraining.run.loop import pretrain  # noqa: E402
from echopilot_perception.pretraining.tree.label_tree import read_tree  # noqa: E402

pytestmark = pytest.mark.alone

LIMIT_S = 60.0


def test_two_processes_give_the_losses_and_weights_of_one_with_accumulation(tmp_path: Path) -> None:
    store = small_store(tmp_path / "images")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0", "--local-addr", "127.0.0.1"]
    command += [str(Path(__file__).parent / "two_pretrainers.py"), str(tmp_path)]
    environment = os.environ | {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    log = tmp_path / "log"
    with log.open("wb") as file:
        launcher = subprocess.Popen(command, env=environment, stdout=file, stderr=file, start_new_session=True)
        try:
            alone = pretrain(store, read_tree(), replace(RECIPE, accumulate=2), tmp_path / "alone", Console(quiet=True))
            assert launcher.wait(LIMIT_S) == 0, log.read_text()
        finally:
            if launcher.poll() is None:
                launcher.terminate()
                launcher.wait(LIMIT_S)
    both = [torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1)]
    assert both[0]["curve"] == both[1]["curve"] and len(both[0]["curve"]) == alone.steps
    for one, other in zip(alone.state.curve, both[0]["curve"], strict=True):
        assert one == pytest.approx(other, rel=1e-5)
    for key, value in alone.state.model.state_dict().items():
        if "running" not in key and "tracked" not in key:
            assert torch.allclose(value, both[0]["model"][key], rtol=1e-4, atol=1e-5), key
    assert (tmp_path / "run0" / "encoder.pth").exists() and not (tmp_path / "run1").exists()
