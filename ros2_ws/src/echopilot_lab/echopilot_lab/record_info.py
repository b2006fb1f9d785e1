"""What an exam record holds, in figures and in a few lines."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from echopilot_exam.record import read_exam
from echopilot_exam.record.recording import EXAM_FILE
from echopilot_exam.record.scan import Scan


def record_info(folder: Path) -> dict[str, Any]:
    """Figures of a record; raises EchoPilotError when the folder holds none."""
    record = read_exam(folder)
    figures: dict[str, Any] = {
        "header": asdict(record.header),
        "state": record.state,
        "complete": record.complete,
        "message": record.message,
        "seconds": (record.updated_ns - record.started_ns) * 1e-9,
        "steps": list(record.steps),
        "accepted": [f"{r.view.name} {r.kind.value}" for r in record.results if r.accepted],
        "measurements": len(record.measurements),
        "findings": [f.kind.name for f in record.findings],
        "ticks": len(record.trace),
        "frames_seen": len(record.seen),
        "keyframes": len(record.keyframes),
        "clips": {clip.name: len(clip.frames) for clip in record.clips},
        "damaged": list(record.damaged),
        "recording": None,
    }
    path = folder / EXAM_FILE
    if path.is_file():
        scan = Scan(path)
        counts = Counter(message.topic for message in scan)
        figures["recording"] = {
            "megabytes": round(path.stat().st_size / 1e6, 1),
            "messages": dict(sorted(counts.items())),
            "attached": sorted(scan.attachments),
            "cut": scan.cut,
        }
    return figures


def show_info(figures: dict[str, Any], console: Console) -> None:
    """A few lines for a person."""
    header, recording = figures["header"], figures["recording"]
    end = "complete" if figures["complete"] else f"not complete ({figures['state']})"
    console.print(f"{header['patient_id']}, protocol {header['protocol']}: {end}, {figures['seconds']:.0f} s")
    console.print(
        f"EchoPilot {header['code_version']} code {header['code_sha256'][:12]}, "
        f"{header['model_id']} {header['model_sha256'][:12]}, config {header['config_sha256'][:12]}"
    )
    console.print(
        f"accepted: {', '.join(figures['accepted']) or 'nothing'}; {figures['measurements']} measurements, "
        f"{len(figures['findings'])} findings, {figures['keyframes']} key frames"
    )
    clips = ", ".join(f"{name} ({count} frames)" for name, count in figures["clips"].items())
    console.print(f"clips: {clips or 'none'}")
    if recording is None:
        console.print(f"no {EXAM_FILE}")
    else:
        note = f"; {recording['cut']} (echopilot record recover mends it)" if recording["cut"] else ""
        messages = sum(recording["messages"].values())
        console.print(f"{EXAM_FILE}: {recording['megabytes']} MB, {messages} messages{note}")
    for line in figures["damaged"]:
        console.print(f"[yellow]damaged:[/] {line}")
