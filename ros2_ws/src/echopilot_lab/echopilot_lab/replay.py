"""Perception on a real clip without ROS: overlay video, one JSON line per frame, masks, summary."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from echopilot_core import EchoPilotError, Frame, Seen, Tissue
from echopilot_lab.clips import find_clip
from echopilot_lab.staging import staged_folder
from echopilot_perception.frames import open_clip
from echopilot_perception.pipeline import Perception
from echopilot_report.overlay import labels_on_picture, overlay

MM2_PER_M2 = 1e6


def replay_clip(name: str, out: Path, masks: bool, console: Console) -> dict[str, Any]:
    """Write overlay.webm, frames.jsonl, summary.json (and masks.npz: labels uint8 (N, H, W)); return the summary.

    Nothing is left in `out` when the clip cannot be read to its end.
    """
    path = find_clip(name)
    clip = open_clip(path)
    perception = Perception()
    labels: list[NDArray[np.uint8]] = []
    lines: list[dict[str, Any]] = []
    with staged_folder(out) as folder:
        writer: cv2.VideoWriter | None = None
        for frame in track(clip.frames(), total=len(clip), description=f"replay {path.name}", console=console):
            seen = perception.see(frame)
            lines.append(frame_line(seen))
            found = labels_inside(frame, seen)
            picture = annotated(frame, seen, found)
            if writer is None:
                size = (picture.shape[1], picture.shape[0])
                writer = cv2.VideoWriter(str(folder / "overlay.webm"), fourcc("VP80"), clip.frame_rate_hz, size)
                cv2.imwrite(str(folder / "overlay_first.png"), picture)
            writer.write(picture)
            if masks:
                labels.append(found)
        if writer is None:
            raise EchoPilotError(f"{path} holds no frames")
        writer.release()
        (folder / "frames.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        if masks:
            np.savez_compressed(folder / "masks.npz", labels=np.stack(labels))
        summary = summarise(lines, path.name, perception)
        (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    perception.close()
    console.print(
        f"{summary['frames']} frames, view {summary['view']} in {summary['view_fraction']:.0%}, "
        f"quality {summary['quality']:.2f}, {summary['latency_ms']['p50']:.1f} ms per frame -> {out}"
    )
    return summary


def fourcc(name: str) -> int:
    """Video codec number of a four-letter name."""
    return int(cv2.VideoWriter.fourcc(*name))


def frame_line(seen: Seen) -> dict[str, Any]:
    """The public per-frame record."""
    return {
        "sequence": seen.sequence,
        "stamp": seen.stamp_ns * 1e-9,
        "view": seen.view.name,
        "view_probability": round(float(seen.view_probability.max()), 4),
        "quality": round(seen.quality, 4),
        "ood": round(seen.ood_score, 4),
        "classes": {e.tissue.name: {"area_mm2": round(e.area_m2 * MM2_PER_M2, 1)} for e in seen.extents},
        "measurements": [
            {"name": m.name, "value": m.value, "unit": m.unit, "sigma": m.sigma, "convention": m.convention.name}
            for m in seen.measurements
            if math.isfinite(m.value)
        ],
        "latency_ms": round(seen.latency_s * 1e3, 3),
    }


def summarise(lines: list[dict[str, Any]], clip: str, perception: Perception) -> dict[str, Any]:
    """Figures of the whole clip."""
    views = Counter(line["view"] for line in lines)
    view, count = views.most_common(1)[0]
    latency = np.array([line["latency_ms"] for line in lines])
    return {
        "clip": clip,
        "frames": len(lines),
        "dropped": 0,
        "view": view,
        "view_fraction": count / len(lines),
        "views": dict(views),
        "view_probability": float(np.mean([line["view_probability"] for line in lines])),
        "quality": float(np.mean([line["quality"] for line in lines])),
        "ood": float(np.mean([line["ood"] for line in lines])),
        "latency_ms": {"p50": float(np.percentile(latency, 50)), "p95": float(np.percentile(latency, 95))},
        "model": {"id": perception.model_id, "sha256": perception.model_sha256},
        "notice": "Research software, not a medical device.",
    }


def labels_inside(frame: Frame, seen: Seen) -> NDArray[np.uint8]:
    """Label of every pixel (H, W), background outside the sector."""
    labels = labels_on_picture(seen.label_map, frame.geometry, (frame.image.shape[0], frame.image.shape[1]))
    box = frame.sector
    window = np.zeros(labels.shape, dtype=bool)
    window[box.top_px : box.bottom_px, box.left_px : box.right_px] = True
    return np.where(window, labels, np.uint8(Tissue.BACKGROUND)).astype(np.uint8)


def annotated(frame: Frame, seen: Seen, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Overlay with the view, its probability and the quality in the corner, BGR (H, W, 3)."""
    callipers = [(m.end_points[0], m.end_points[1]) for m in seen.measurements if len(m.end_points) == 2]
    picture = cv2.cvtColor(overlay(frame.image, labels, callipers, frame.geometry), cv2.COLOR_RGB2BGR)
    text = f"{seen.view.name} {float(seen.view_probability.max()):.0%}  quality {seen.quality:.2f}"
    cv2.putText(picture, text, (8, picture.shape[0] - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (235, 235, 235), 1, cv2.LINE_AA)
    return np.asarray(picture, dtype=np.uint8)
