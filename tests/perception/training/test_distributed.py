"""Two processes train as one does, only the first writes, and the death of one ends both."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from tiny import disc_samples, tiny  # noqa: E402
from two_processes import CONFIG, SAMPLES, SEED  # noqa: E402

from echopilot_perception.training.loop import TrainResult, train  # noqa: E402

pytestmark = pytest.mark.alone

LIMIT_S = 60.0


@dataclass(frozen=True)
class Pair:
    launcher: subprocess.Popen[bytes]
    folder: Path
    alone: TrainResult

    def pids(self) -> list[int]:
        return [int((self.folder / f"{rank}.pid").read_text()) for rank in (0, 1)]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two gloo processes that have finished the short run and are in the endless one."""
    folder = tmp_path_factory.mktemp("pair")
    script = Path(__file__).parent / "two_processes.py"
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0", "--local-addr", "127.0.0.1"]
    command += [str(script), str(folder)]
    environment = os.environ | {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    log = (folder / "log").open("wb")
    launcher = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        data = disc_samples(SAMPLES, SEED)
        alone = train(data, replace(CONFIG, accumulate=2), data, network=tiny)  # while the others start
        end = time.monotonic() + LIMIT_S
        while not all((folder / f"{rank}.pt").exists() for rank in (0, 1)):
            assert launcher.poll() is None and time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.05)
        yield Pair(launcher, folder, alone)
    finally:
        if launcher.poll() is None:
            launcher.terminate()
            launcher.wait(LIMIT_S)
        log.close()


def test_two_processes_give_the_weights_of_one(pair: Pair) -> None:
    """One process that works through the two shares one after the other takes exactly the same steps."""
    both = [torch.load(pair.folder / f"{rank}.pt") for rank in (0, 1)]
    for key, value in pair.alone.state["network"].items():
        if "running" in key or "tracked" in key:
            continue
        for one in both:
            assert torch.allclose(value, one["weights"][key], rtol=1e-5, atol=1e-6), key
    for key, value in both[0]["weights"].items():
        assert torch.equal(value, both[1]["weights"][key]), key


def test_all_processes_report_the_same_figures(pair: Pair) -> None:
    first, second = (torch.load(pair.folder / f"{rank}.pt")["history"] for rank in (0, 1))
    assert first == second and len(first) == CONFIG.epochs


def test_only_the_first_process_writes(pair: Pair) -> None:
    assert (pair.folder / "run0" / "last.pt").exists()
    assert not (pair.folder / "run1").exists()


def test_a_killed_worker_ends_the_run_leaving_nothing_running(pair: Pair) -> None:
    pids = pair.pids()
    os.kill(pids[1], signal.SIGKILL)
    assert pair.launcher.wait(LIMIT_S) != 0
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
