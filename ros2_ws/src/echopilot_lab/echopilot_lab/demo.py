"""The demo: the ROS graph under supervisor, an exam (or a clip) in the foreground, results in one folder."""

import json
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from echopilot_exam.protocol import load_protocol
from echopilot_lab.clips import find_clip
from echopilot_lab.page_invitation import page_invitation
from echopilot_lab.processes import CONFIG, check_exit, free_domain, graph_environment, run_foreground, supervised
from echopilot_lab.staging import staged_folder
from echopilot_perception.frames import open_clip
from echopilot_perception.model import read_manifest
from echopilot_report.report import FILES


def run_exam_demo(seed: int, protocol: str, out: Path, console: Console) -> None:
    """Run the exam of a virtual patient through the live graph and print what came of it."""
    load_protocol(protocol)
    read_manifest(None)
    domain = free_domain()
    console.print(f"virtual patient {seed}, protocol {protocol}, ROS domain {domain} (loopback only)")
    page, invitation = page_invitation()
    console.print(invitation, highlight=False, soft_wrap=True)
    with staged_folder(out) as folder:
        environment = graph_environment(
            folder, domain, {"ECHOPILOT_SEED": str(seed), "ECHOPILOT_PARAMS": str(CONFIG / "sim.yaml"), **page}
        )
        with supervised("supervisord.conf", environment):
            code = run_foreground(
                "echopilot_nodes.console",
                [
                    *("--protocol", protocol, "--patient", f"virtual-{seed}"),
                    *("--out", str(folder), "--summary", str(folder / "summary.json")),
                ],
                environment,
            )
        check_exit(code, "the demo graph", folder / "log")
        link_report(folder)
        summary = json.loads((folder / "summary.json").read_text())
        summary["files"] = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if keep(p, folder))
        (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    show_exam(summary, out, console)
    if not all(view["attempted"] for view in summary["views"].values()):
        raise typer.Exit(1)


def run_clip_demo(clip: str, out: Path, console: Console) -> None:
    """Send a real clip through the live graph, lossless, and print what was seen."""
    path = find_clip(clip).resolve()
    opened = open_clip(path)
    frames, rate_hz = len(opened), opened.frame_rate_hz
    del opened  # the node reads it again
    read_manifest(None)
    domain = free_domain()
    console.print(f"{path.name}: {frames} frames, ROS domain {domain} (loopback only)")
    with staged_folder(out) as folder:
        environment = graph_environment(
            folder, domain, {"ECHOPILOT_CLIP": str(path), "ECHOPILOT_PARAMS": str(CONFIG / "replay.yaml")}
        )
        with supervised("supervisord.replay.conf", environment):
            code = run_foreground(
                "echopilot_nodes.clip_console",
                ["--clip", path.name, "--out", str(folder), "--frames", str(frames), "--rate", f"{rate_hz:.6g}"],
                environment,
            )
        check_exit(code, "the replay graph", folder / "log")
        summary = json.loads((folder / "summary.json").read_text())
    console.print(
        f"{summary['frames']} frames, {summary['dropped']} dropped, view {summary['view']} in "
        f"{summary['view_fraction']:.0%}, quality {summary['quality']:.2f} -> {out}"
    )
    if summary["dropped"]:
        raise typer.Exit(1)


def link_report(folder: Path) -> None:
    """Let the files of the report be found beside the summary, as links into the record."""
    for record in sorted(path.parent for path in folder.glob("*/exam.json")):
        for name in FILES:
            if (record / name).exists() and not (folder / name).exists():
                (folder / name).symlink_to(Path(record.name) / name)


def keep(path: Path, folder: Path) -> bool:
    """Files worth listing: not logs, not single pictures."""
    return path.is_file() and path.relative_to(folder).parts[0] not in ("log", "keyframes", "clips")


def show_exam(summary: dict[str, Any], out: Path, console: Console) -> None:
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
    console.print(table)
    reports = [file for file in summary["files"] if file.endswith("report.html")]
    console.print(f"report: {out / reports[0]}" if reports else f"results: {out}")


def number(value: float | None) -> str:
    """One decimal, or a dash."""
    return "-" if value is None else f"{value:.1f}"


def yes(value: bool) -> str:
    """Yes or no."""
    return "yes" if value else "no"
