"""Perception on the frames of a recording, compared bit for bit with the recorded results."""

import json
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from echopilot_core import EchoPilotError, Frame, PerceptionResult
from echopilot_exam.record.mcap_scan import McapScan
from echopilot_exam.record.software import software
from echopilot_lab.replay.result_difference import HeadDifference, differences
from echopilot_lab.util.atomic_output import staged_folder
from echopilot_perception.pipeline import Perception
from echopilot_wire import from_frame, from_result

FRAME, RESULT = "ultrasound_msgs/msg/UltrasoundFrame", "echopilot_msgs/msg/PerceptionResult"
KEPT = 256  # frames and results that wait for their other half
SHOWN_EVERY = 20


@dataclass
class Tally:
    """Counts over a recording."""

    frames: int = 0
    compared: int = 0
    different: int = 0
    results: int = 0
    unreadable: int = 0


def replay_recording(path: Path, out: Path, console: Console) -> dict[str, Any]:
    """Compare and return the figures; `out` gets summary.json and differences.jsonl. Works on a recording without end.

    `identical` is true when every recorded result whose frame is there came out the same in all bits but the latency.
    Raises EchoPilotError when the file is no recording of ours.
    """
    scan, tally = McapScan(path, (FRAME, RESULT)), Tally()
    heads: dict[str, dict[str, float]] = {}
    first: dict[str, Any] | None = None
    recorded = {"id": "", "sha256": ""}
    perception = Perception()
    here = {"id": perception.manifest.model_id, "sha256": perception.manifest.sha256}
    with staged_folder(out) as folder, console.status("reads") as status:
        with (folder / "differences.jsonl").open("w", encoding="utf-8") as lines:
            for frame, before in pairs(scan, tally):
                if not recorded["sha256"]:
                    recorded = {"id": before.model_id, "sha256": before.model_sha256}
                    tell_model(recorded, here, console)
                found = differences(before, perception.see(frame))
                tally.compared += 1
                if found:
                    tally.different += 1
                    line = {"sequence": frame.sequence, "heads": {d.head: d.largest for d in found}}
                    lines.write(json.dumps(line) + "\n")
                    first = first or line
                    count(heads, found)
                if tally.compared % SHOWN_EVERY == 0:
                    status.update(f"{tally.compared} frames perceived again, {tally.different} differ")
        if tally.compared == 0:
            raise EchoPilotError(f"{path} holds no frame of EchoPilot together with its result")
        summary = {
            "recording": path.name,
            "cut": scan.cut,
            "damage": [str(damage) for damage in scan.damage],
            "frames": tally.frames,
            "results": tally.results,
            "compared": tally.compared,
            "identical": tally.different == 0,
            "different": tally.different,
            "unreadable": tally.unreadable,
            "first_difference": first,
            "heads": heads,
            "model_recorded": recorded,
            "model_here": here,
            "software_differs": other_software(scan.metadata.get("software", {})),
            "notice": "Research software, not a medical device.",
        }
        (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    perception.close()
    show(summary, out, console)
    return summary


def pairs(scan: McapScan, tally: Tally) -> Iterator[tuple[Frame, PerceptionResult]]:
    """Every frame with its recorded result, in the order in which both were there."""
    frames: OrderedDict[int, Frame] = OrderedDict()
    results: OrderedDict[int, PerceptionResult] = OrderedDict()
    for message in scan:
        try:
            if message.type_name == FRAME:
                frame = from_frame(message.decoded)
                frames[frame.sequence] = frame
                tally.frames += 1
                sequence = frame.sequence
            else:
                result = from_result(message.decoded)
                results[result.sequence] = result
                tally.results += 1
                sequence = result.sequence
        except (ValueError, KeyError, AttributeError, IndexError):
            tally.unreadable += 1
            continue
        if sequence in frames and sequence in results:
            yield frames.pop(sequence), results.pop(sequence)
        for waiting in (frames, results):
            while len(waiting) > KEPT:
                waiting.popitem(last=False)


def count(heads: dict[str, dict[str, float]], found: list[HeadDifference]) -> None:
    """Add the differences of one frame to the counts per head."""
    for difference in found:
        row = heads.setdefault(difference.head, {"frames": 0, "largest": 0.0, "shape_frames": 0})
        row["frames"] += 1
        if difference.largest is None:
            row["shape_frames"] += 1
        else:
            row["largest"] = max(row["largest"], difference.largest)


def other_software(recorded: dict[str, str]) -> dict[str, list[str]]:
    """Libraries whose version differs: [recorded, here]."""
    return {k: [recorded[k], v] for k, v in software().items() if k in recorded and recorded[k] != v}


def tell_model(recorded: dict[str, str], here: dict[str, str], console: Console) -> None:
    """Say when another model is compared."""
    if recorded["sha256"] != here["sha256"]:
        console.print(
            f"[yellow]another model:[/] recorded with {recorded['id']} ({recorded['sha256'][:12]}), "
            f"this is {here['id']} ({here['sha256'][:12]}); its results differ by right"
        )


def show(summary: dict[str, Any], out: Path, console: Console) -> None:
    """A few lines for a person."""
    if summary["cut"]:
        console.print(f"{summary['recording']}: {summary['cut']}; read up to there")
    for damage in summary["damage"]:
        console.print(f"{summary['recording']}, damaged: {damage}")
    for name, (before, now) in summary["software_differs"].items():
        console.print(f"recorded with {name} {before}, here {now}")
    if summary["identical"]:
        console.print(f"[green]the same bit for bit[/]: {summary['compared']} frames -> {out}")
        return
    first = summary["first_difference"]
    console.print(
        f"[red]{summary['different']} of {summary['compared']} frames differ[/], "
        f"first frame {first['sequence']} in {', '.join(first['heads'])} -> {out}"
    )
    for head, row in summary["heads"].items():
        console.print(f"  {head}: {row['frames']} frames, largest difference {row['largest']:.3g}")
