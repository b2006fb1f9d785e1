"""Contents of an exam record, in figures and in a few lines."""

import shlex
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from echopilot_exam.record import read_exam
from echopilot_exam.record.mcap_scan import McapScan
from echopilot_exam.record.recording import EXAM_FILE, recordings_in


def record_info(path: Path) -> dict[str, Any]:
    """Figures of a record, or of one recording; raises EchoPilotError when `path` is neither."""
    if path.is_file():
        return {"recording": recording_info(path)}
    record = read_exam(path)
    found = {file.name: recording_info(file) for file in recordings_in(path)}
    return {
        "header": asdict(record.header),
        "state": record.state.name if record.state else "",
        "complete": record.complete,
        "message": record.message,
        "seconds": (record.updated_ns - record.started_ns) * 1e-9,
        "steps": list(record.steps),
        "accepted": [f"{r.view.name} {r.kind.value}" for r in record.results if r.accepted],
        "measurements": len(record.measurements),
        "findings": [f.kind.name for f in record.findings],
        "ticks": len(record.trace),
        "frames_seen": len(record.perception),
        "keyframes": len(record.keyframes),
        "clips": {clip.name: len(clip.frames) for clip in record.clips},
        "damaged": list(record.damaged),
        "recording": found.pop(EXAM_FILE, None),
        "further_recordings": found,
    }


def recording_info(path: Path) -> dict[str, Any]:
    """Figures of one MCAP file; `cut` says that its end is missing, `damage` what in it cannot be read."""
    scan = McapScan(path)
    counts = Counter(message.topic for message in scan)
    return {
        "file": str(path),
        "megabytes": round(path.stat().st_size / 1e6, 1),
        "messages": dict(sorted(counts.items())),
        "attached": sorted(scan.attachments),
        "cut": scan.cut,
        "damage": [asdict(damage) | {"text": str(damage)} for damage in scan.damage],
    }


def show_info(figures: dict[str, Any], console: Console) -> None:
    """A few lines for a person."""
    if "header" in figures:
        _show_record(figures, console)
        if figures["recording"] is None:
            console.print(f"no {EXAM_FILE}")
    for recording in (figures["recording"], *figures.get("further_recordings", {}).values()):
        if recording is not None:
            _show_recording(recording, console)
    for line in figures.get("damaged", ()):
        console.print(f"[yellow]damaged:[/] {escape(line)}", soft_wrap=True)


def _show_recording(recording: dict[str, Any], console: Console) -> None:
    name, messages = Path(recording["file"]).name, sum(recording["messages"].values())
    cut = f"; {recording['cut']}" if recording["cut"] else ""
    console.print(f"{name}: {recording['megabytes']} MB, {messages} messages{cut}", soft_wrap=True)
    for damage in recording["damage"]:
        console.print(f"[yellow]{name}, damaged in the middle:[/] {damage['text']}", soft_wrap=True)
    if cut or recording["damage"]:
        console.print(
            f"what can be read goes into a new file with: echopilot record recover {shlex.quote(recording['file'])}",
            soft_wrap=True,
            markup=False,
        )


def _show_record(figures: dict[str, Any], console: Console) -> None:
    header = figures["header"]
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
