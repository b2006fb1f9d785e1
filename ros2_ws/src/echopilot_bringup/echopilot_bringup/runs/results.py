"""Report and scores of a run: waited for while they make progress, made here where a node failed."""

import shlex
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from echopilot_bringup.processes import processor_seconds
from echopilot_bringup.runs.run_folder import read_summary
from echopilot_lab.records.rescore import score_again
from echopilot_report.report import write_report

POLL_S = 0.5
STALLED_S = 60.0
"""Wall time in which a node that works on a result uses at least WORK_S of processor time, on any machine."""
WORK_S = 1.5  # an idle node uses less
GONE_S = 15.0
"""Wall time in which supervisor has started a node again that was killed."""


COMMANDS = {"report": "report", "scorer": "score"}
"""By node, the command that makes its result."""


def missing_results(run: Path) -> list[str]:
    """Nodes whose result is not there yet."""
    summary = read_summary(run)
    done = {"report": (run / "report.json").is_file(), "scorer": "views" in summary}
    return [name for name, is_there in done.items() if not is_there]


def await_results(run: Path, session: int, console: Console) -> None:
    """Return when report and scores are there, or when none of those that are missing can be expected any more."""
    watches = {name: Watch(name, session) for name in ("report", "scorer")}
    with console.status("waits for report and scores"):
        while True:
            summary = read_summary(run)
            failed = {"report": summary.get("report_error"), "scorer": summary.get("scores_error")}
            waited = [name for name in missing_results(run) if not failed[name] and not watches[name].complaint()]
            if not waited:
                break
            time.sleep(POLL_S)
    for name in missing_results(run):
        console.print(
            f"[yellow]{name}: {failed[name] or watches[name].complaint()}[/]", highlight=False, soft_wrap=True
        )


class Watch:
    """Progress of one node of a session, by the processor time that it uses."""

    def __init__(self, name: str, session: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._session, self._clock = name, session, clock
        self._seen_s = self._worked_s = clock()
        self._used_s = 0.0
        self._complaint = ""

    def complaint(self) -> str:
        """Why nothing can be expected of the node; empty as long as it works."""
        now_s = self._clock()
        used_s = processor_seconds(self._session).get(self._name)
        if used_s is not None:
            self._seen_s = now_s
            if used_s < self._used_s or used_s >= self._used_s + WORK_S:  # started again, or worked
                self._used_s, self._worked_s = used_s, now_s
        if now_s - self._seen_s > GONE_S:
            self._complaint = "has ended"
        elif now_s - self._worked_s > STALLED_S:
            self._complaint = f"made no progress for {STALLED_S:.0f} s"
        return self._complaint


def make_missing(run: Path, console: Console) -> list[str]:
    """Make here what no node has made; what fails too is said, and returned."""
    failed = []
    for name in missing_results(run):
        command = COMMANDS[name]
        try:
            write_report(run) if name == "report" else score_again(run)
        except Exception as error:  # the record and what else was made stay, whatever it is
            failed.append(name)
            console.print(f"[yellow]{command}: {error}[/]", highlight=False, soft_wrap=True)
        else:
            console.print(f"{command}: made after the graph ended")
    return failed


def print_missing(run: Path, console: Console) -> None:
    """For each result that an exam has not got, the line by which it can be made."""
    for name in missing_results(run) if (run / "exam.json").is_file() else ():
        line = f"no {COMMANDS[name]} yet; make it with: echopilot {COMMANDS[name]} {shlex.quote(str(run))}"
        console.print(line, highlight=False, soft_wrap=True, markup=False)
