"""`echopilot bench kills`: kill -9 of every process of a demo in every phase of its exam, and what is left then."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from echopilot_core import EchoPilotError, ExamPhase
from echopilot_core.guarded.json_input import read_json
from echopilot_exam.record.files import SUMMARY
from echopilot_exam.record.mcap_scan import McapScan
from echopilot_exam.record.recording import recordings_in

NODES = (
    *("simulator", "safety", "controller", "perception", "exam"),
    *("recorder", "report", "scorer", "page", "standard_topics", "lifecycle_manager"),
)
VICTIMS = (*NODES, "supervisord", "console", "demo")
PHASES: dict[str, tuple[ExamPhase, ...]] = {
    "start": (),
    "approach": (ExamPhase.APPROACH, ExamPhase.TOUCH, ExamPhase.COUPLE),
    "search": (ExamPhase.SEARCH, ExamPhase.REFINE, ExamPhase.HOLD),
    "record": (ExamPhase.RECORD, ExamPhase.SWEEP, ExamPhase.MEASURE),
    "results": (ExamPhase.DONE, ExamPhase.ABORTED),
}
"""States of the exam, one of which has to be reached before the kill."""
POLL_S = 0.1
PATIENCE_S = 1800.0
REPLACED = (SUMMARY, "exam.json")  # whole at any time, and as long as what they say


@dataclass(frozen=True)
class Kill:
    """One kill, and what was left: `code` of the demo, `outcome` in its summary, `faults` (none, when all is well)."""

    victim: str
    phase: str
    code: int
    outcome: str
    seconds: float
    faults: tuple[str, ...]


def kill_one(victim: str, phase: str, protocol: str, out: Path, freeze: bool = False) -> Kill:
    """Run the demo in `out`, kill a process of it (or freeze it) in a phase, wait for the end, check what is left."""
    command = [sys.executable, "-m", "echopilot_bringup.cli", "demo", "--protocol", protocol, "--out", str(out)]
    started_s = time.monotonic()
    with (out.parent / f"{out.name}.log").open("wb") as log:
        demo = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            run = _awaited(lambda: next(iter(out.glob("*-001")), None), demo)
            number = _awaited(lambda: _process(victim, run, demo) if _reached(run, phase) else None, demo)
            before = _sizes(run)
            os.kill(number, signal.SIGSTOP if freeze else signal.SIGKILL)
            demo.wait(PATIENCE_S)
        finally:
            if demo.poll() is None:
                demo.terminate()
                demo.wait()
    left = _awaited(lambda: None if (found := members(run)) else found, None, 60.0) or members(run)
    faults = [f"left: {', '.join(map(str, left))}"] if left else []
    faults += _lost(run, before)
    outcome = read_json(run / SUMMARY, finite=False).get("outcome", "")
    if outcome != "completed" and demo.returncode == 0:
        faults.append("exit code 0 for an exam that was not completed")
    return Kill(victim, phase, demo.returncode, outcome, round(time.monotonic() - started_s, 1), tuple(faults))


def members(run: Path) -> list[int]:
    """Living processes whose environment names this run."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"ECHOPILOT_OUT={run}\0".encode() in environ.read_bytes():
                found.append(int(environ.parent.name))
        except OSError:
            continue
    return found


def _process(victim: str, run: Path, demo: "subprocess.Popen[bytes]") -> int | None:
    """The victim's process; None where it does not run yet."""
    if victim == "demo":
        return demo.pid
    for member in members(run):
        words = Path(f"/proc/{member}/cmdline").read_bytes().decode(errors="replace").split("\0")
        if len(words) > 2 and words[1] == "-m" and words[2].rpartition(".")[2] == victim:
            return member
    return None


def _reached(run: Path, phase: str) -> bool:
    if not PHASES[phase]:
        return True
    try:
        lines = (run / "events.jsonl").read_text().splitlines()
    except OSError:
        return False
    return any(f'"state":"{state.name}"' in line for line in lines for state in PHASES[phase])


def _awaited(found: Callable[[], Any], demo: "subprocess.Popen[bytes] | None", patience_s: float = PATIENCE_S) -> Any:
    """What `found` finds; raises EchoPilotError when the demo ends before."""
    end_s = time.monotonic() + patience_s
    while (value := found()) is None:
        if demo is None and time.monotonic() > end_s:
            return None
        if demo is not None and (demo.poll() is not None or time.monotonic() > end_s):
            raise EchoPilotError(f"the demo ended with {demo.poll()} before the kill")
        time.sleep(POLL_S)
    return value


def _sizes(run: Path) -> dict[Path, int]:
    files = [path for path in run.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {path: path.stat().st_size for path in files if path.relative_to(run).parts[0] != "log"}


def _lost(run: Path, before: dict[Path, int]) -> list[str]:
    """Files that are gone, smaller or damaged."""
    faults = []
    for path, size in before.items():
        name = str(path.relative_to(run))
        if not path.is_file():
            faults.append(f"{name} is gone")
        elif name in REPLACED:
            read_json(path, finite=False)
        elif path.stat().st_size < size:
            faults.append(f"{name} is smaller")
    for recording in recordings_in(run):
        scan = McapScan(recording)
        count = sum(1 for _ in scan)
        faults += [f"{recording.name}: {damage}" for damage in scan.damage if damage.what != "incomplete record"]
        if not count and recording.stat().st_size > 100_000:
            faults.append(f"{recording.name}: no message")
    return faults


def bench_kills(console: Console, protocol: str, victims: list[str], phases: list[str], out: Path) -> dict[str, Any]:
    """All kills, one after the other; `failed` counts those after which something was lost or left."""
    for kind, names, valid in (("process", victims, VICTIMS), ("phase", phases, tuple(PHASES))):
        if wrong := [name for name in names if name not in valid]:
            raise EchoPilotError(f"no {kind} {', '.join(wrong)}; valid: {', '.join(valid)}")
    out.mkdir(parents=True, exist_ok=True)
    kills = []
    for victim in victims:
        for phase in phases:
            if victim == "console" and phase == "results":
                continue  # it has ended by then
            kill = kill_one(victim, phase, protocol, out.resolve() / f"{victim}-{phase}")
            kills.append(kill)
            said = "; ".join(kill.faults) or "nothing lost, nothing left"
            console.print(f"{victim:<18} {phase:<9} exit {kill.code:>3} {kill.outcome:<11} {said}", highlight=False)
    return {"kills": [asdict(kill) for kill in kills], "failed": sum(bool(kill.faults) for kill in kills)}
