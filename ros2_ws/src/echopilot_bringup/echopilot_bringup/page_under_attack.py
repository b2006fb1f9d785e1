"""STOP and the speed of the graph while a local process attacks the page, attack by attack."""

import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from echopilot_bringup.page_probe import Listener, User
from echopilot_core import EchoPilotError
from echopilot_lab.benchmarks.page_floods import ATTACKS
from echopilot_report.page.access.roles import Role

WITHOUT = re.compile(r"(\w+) has ended or was stopped: (\d+) ticks without it")
Stops = Callable[[Listener, User, int], dict[str, float]]


def chosen(names: str) -> list[str]:
    """Attacks by comma-separated names, "all" or unambiguous beginnings; raises EchoPilotError with the choices."""
    found = []
    for name in (part.strip() for part in names.split(",")):
        matching = list(ATTACKS) if name == "all" else [a for a in ATTACKS if a == name or a.startswith(name)]
        if not name or not matching:
            raise EchoPilotError(f"unknown attack '{name}'; choose all or some of {', '.join(ATTACKS)}")
        found += matching
    return list(dict.fromkeys(found))


@contextmanager
def attacking(name: str, port: int, cookie: str, token: str) -> Iterator[None]:
    """A process that attacks the page as a signed-in viewer."""
    command = [sys.executable, "-m", "echopilot_lab.benchmarks.page_floods", name, str(port), cookie, token]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        process.stdout.readline()  # it runs
        yield
    finally:
        process.kill()
        process.communicate()


def breaks(folder: Path) -> int:
    """Ticks that the simulator went on without a peer, by its log."""
    log = (folder / "log" / "simulator.log").read_text(errors="replace")
    return sum({peer: int(count) for peer, count in WITHOUT.findall(log)}.values())


def under_attack(
    listener: Listener, operator: User, folder: Path, names: Sequence[str], count: int, stops: Stops
) -> dict[str, Any]:
    """For each attack: STOP's latency, robot seconds per wall second beside those just before, lockstep breaks."""
    viewer = User(operator.port, Role.VIEWER)
    cookie, token = viewer.headers["Cookie"], viewer.headers["X-EchoPilot-Token"]
    rows: dict[str, Any] = {}
    for name in names:
        quiet, quiet_factor = _timed(listener, operator, count, stops)
        before = breaks(folder)
        with attacking(name, operator.port, cookie, token):
            attacked, factor = _timed(listener, operator, count, stops)
        rows[name] = {
            "stop_ms": attacked,
            "stop_quiet_ms": quiet,
            "real_time_factor": round(factor, 3),
            "real_time_factor_quiet": round(quiet_factor, 3),
            "lockstep_breaks": breaks(folder) - before,
        }
    losses = [100.0 * (1.0 - r["real_time_factor"] / r["real_time_factor_quiet"]) for r in rows.values()]
    return {"attacks": rows, "attacks_loss_pct": round(statistics.median(losses), 1)}


def _timed(listener: Listener, operator: User, count: int, stops: Stops) -> tuple[dict[str, float], float]:
    robot_s, wall_s = listener.robot_s, time.monotonic()
    spent = stops(listener, operator, count)
    return spent, (listener.robot_s - robot_s) / (time.monotonic() - wall_s)
