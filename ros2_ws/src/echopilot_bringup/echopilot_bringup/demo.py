"""The demo: the ROS graph under supervisor, an exam (or a clip) in the foreground, results in one folder."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from echopilot_bringup.processes import (
    INTERRUPTED,
    LOST,
    LostNodes,
    check_exit,
    check_ros,
    chosen_domain,
    config_file,
    graph_environment,
    run_foreground,
    supervised,
)
from echopilot_bringup.runs.results import await_results, make_missing, print_missing
from echopilot_bringup.runs.run_folder import link_newest, new_run, note, read_summary
from echopilot_core import EchoPilotError
from echopilot_exam.protocol.protocol import load_protocol
from echopilot_lab.cli.shared import ABORTED, say_first_start
from echopilot_lab.replay.clip import find_clip
from echopilot_perception.frames import open_clip
from echopilot_perception.model import read_manifest
from echopilot_report.output import clear_remains
from echopilot_report.page.access.accounts import default_store, one_time_password, read_store
from echopilot_report.page.server import bound

FIRST_PORT, PORTS = 8080, 20
NEEDED = ("simulator", "safety", "controller", "exam", "lifecycle_manager")
"""Nodes that nobody starts again, and without which an exam does not come to its end."""
GRAPH_START_S = 600.0
"""Wall time for the start of the graph; a node that ends before says so at once."""


def free_port() -> int:
    """A port on loopback that nobody uses, 8080 if possible; 0 (the page takes any) when all are taken."""
    for port in range(FIRST_PORT, FIRST_PORT + PORTS):
        try:
            bound("127.0.0.1", port).close()
        except EchoPilotError:
            continue
        return port
    return 0


def page_invitation() -> tuple[dict[str, str], str]:
    """Environment of the graph, and the line to print: address, and a password where the user has set none."""
    port = free_port()
    environment = {"ECHOPILOT_PAGE": "true", "ECHOPILOT_PAGE_PORT": str(port)}
    line = f"operator's page: http://127.0.0.1:{port}"
    if read_store(default_store()):
        return environment, f"{line} (with your passwords)"
    password = one_time_password()
    return environment | {"ECHOPILOT_PAGE_PASSWORD": password}, f"{line}  role: operator  password: {password}"


def run_exam_demo(seed: int, protocol: str, out: Path, console: Console, results: Console) -> int:
    """Run the exam of a virtual patient through the live graph and print what came of it; returns the exit code.

    The run has a folder of its own in `out`, is written where it stays, and is found beside it through links.
    """
    plan = load_protocol(protocol)
    read_manifest(None)
    domain = chosen_domain()
    check_ros(os.environ)
    run = new_run(out, plan.name)
    console.print(f"virtual patient {seed}, protocol {protocol}, ROS domain {domain} (loopback only)")
    console.print(f"results in {run}", highlight=False, soft_wrap=True)
    page, invitation = page_invitation()
    console.print(invitation, highlight=False, soft_wrap=True)
    say_first_start(console)
    environment = graph_environment(run, domain, config_file("sim.yaml"), {"ECHOPILOT_SEED": str(seed), **page})
    summary_file = run / "summary.json"
    try:
        with supervised("supervisord.conf", environment) as supervisor:
            code = run_foreground(
                "echopilot_nodes.operator.console",
                [
                    *("--protocol", protocol, "--patient", f"virtual-{seed}", "--timeout", str(GRAPH_START_S)),
                    *("--out", str(run), "--summary", str(summary_file)),
                ],
                environment,
                lost := LostNodes(supervisor, NEEDED),
            )
            if code in (0, ABORTED):
                await_results(run, supervisor.pid, console)
        if code == LOST:
            console.print(f"[red]{lost.names or 'a node'}: ended during the run[/]; logs are in {run / 'log'}")
        return finish_exam(run, code, console, results)
    finally:
        with suppress(EchoPilotError):
            clear_remains(run)
        note(run, {} if read_summary(run).get("outcome") != "unfinished" else {"outcome": "aborted"})
        link_newest(run)
        print_missing(run, console)


def finish_exam(run: Path, code: int, console: Console, results: Console) -> int:
    """Make what is missing, print what came of the run, return the exit code; raises where no exam has begun."""
    if not (run / "exam.json").is_file():
        note(run, {"outcome": "failed"})
        check_exit(code or 1, "the demo graph", run / "log")
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    failed = make_missing(run, console)
    summary = note(run, {} if read_summary(run).get("outcome") == "completed" else {"outcome": "aborted"})
    if "views" in summary:
        show_exam(summary, run, results)
    if line := breaks_line(summary.get("lockstep", {})):
        console.print(f"[yellow]{line}[/]", soft_wrap=True)
    if summary["outcome"] != "completed":
        console.print(f"the exam was aborted; its record is in {run}", highlight=False, soft_wrap=True)
        return ABORTED
    is_done = not failed and all(view["attempted"] for view in summary["views"].values())
    return 0 if is_done else 1


def breaks_line(lockstep: dict[str, Any]) -> str:
    """One line about ticks that went on without a peer, from summary.json; "" when there was none."""
    if not lockstep.get("breaks"):
        return ""
    nodes = ", ".join(f"{node} {count}" for node, count in lockstep["by_node"].items())
    return f"lockstep was broken in {lockstep['breaks']} ticks ({nodes}): the numbers of a second run may differ"


def run_clip_demo(
    clip: str, out: Path, console: Console, results: Console, depth_m: float | None = None, mirror: bool = False
) -> int:
    """Send a real clip through the live graph, lossless, and print what was seen; returns the exit code.

    `depth_m` is the depth of a clip without a scale, `mirror` exchanges left and right: see `open_clip`.
    """
    path = find_clip(clip).resolve()
    opened = open_clip(path, depth_m, mirror)
    frames, rate_hz = len(opened), opened.frame_rate_hz
    told = [f"--remark={remark}" for remark in opened.remarks] + ["--times-unknown"] * (not opened.times.known)
    told.append(f"--scale-source={opened.scale_source}")
    for remark in opened.remarks:
        console.print(f"[yellow]{path.name}: {remark}[/]", highlight=False, soft_wrap=True)
    del opened  # the node reads it again
    read_manifest(None)
    domain = chosen_domain()
    check_ros(os.environ)
    run = new_run(out, "clip")
    console.print(f"{path.name}: {frames} frames, ROS domain {domain} (loopback only)")
    console.print(f"results in {run}", highlight=False, soft_wrap=True)
    asked = {
        "ECHOPILOT_CLIP": str(path),
        "ECHOPILOT_DEPTH_M": f"{depth_m or 0.0:.6f}",
        "ECHOPILOT_MIRROR": str(mirror).lower(),
    }
    environment = graph_environment(run, domain, config_file("replay.yaml"), asked)
    outcome = "failed"
    try:
        with supervised("supervisord.replay.conf", environment) as supervisor:
            code = run_foreground(
                "echopilot_bringup.clip_console",
                [
                    *("--clip", path.name, "--out", str(run)),
                    *("--frames", str(frames), "--rate", f"{rate_hz:.6g}", *told),
                ],
                environment,
                LostNodes(supervisor, ("probe_source", "lifecycle_manager")),
            )
        check_exit(code, "the replay graph", run / "log")
        outcome = "completed"
    finally:
        summary = note(run, {"outcome": outcome})
        link_newest(run)
    results.print(
        f"{summary['frames']} frames, {summary['dropped']} dropped, view {summary['view']} in "
        f"{summary['view_fraction']:.0%}, quality {summary['quality']:.2f} -> {run}",
        soft_wrap=True,
    )
    return 1 if summary["dropped"] else 0


def show_exam(summary: dict[str, Any], run: Path, results: Console) -> None:
    """The result beside the truth, which only the scorer knew."""
    table = Table(title=f"virtual patient {summary['patient']} (simulated; research software, not a medical device)")
    for heading in ("", "EchoPilot", "truth"):
        table.add_column(heading)
    for name, view in summary["views"].items():
        grade = "reached" if view["reached"] else "near" if view["near"] else "missed"
        error = f"{number(view['angle_error_deg'])}°, {number(view['offset_mm'])} mm off"
        table.add_row(name, f"{grade} in {number(view['seconds'])} s", error)
    aorta, heart, force = summary["aorta"], summary["heart"], summary["force"]
    if aorta["attempted"]:
        table.add_row(
            "aorta, max outer AP",
            f"{number(aorta['max_diameter_mm'])} mm",
            f"{number(aorta['true_max_diameter_mm'])} mm",
        )
        table.add_row("aneurysm", yes(aorta["aneurysm"]), yes(aorta["true_aneurysm"]))
    table.add_row("ejection fraction", f"{number(heart['ef_pct'])} %", f"{number(heart['true_ef_pct'])} %")
    table.add_row("force", f"RMSE {number(force['rmse_n'])} N", f"max {number(force['max_n'])} N")
    table.add_row("safety trips", str(summary["safety"]["trips"]), f"{summary['safety']['limit_crossings']} above 20 N")
    results.print(table)
    reports = [file for file in summary["files"] if file.endswith("report.html")]
    results.print(f"report: {run / reports[0]}" if reports else f"results: {run}", highlight=False, soft_wrap=True)


def number(value: float | None) -> str:
    """One decimal, or a dash."""
    return "-" if value is None else f"{value:.1f}"


def yes(value: bool | None) -> str:
    """Yes, no, or a dash where there is no answer."""
    return "-" if value is None else "yes" if value else "no"
