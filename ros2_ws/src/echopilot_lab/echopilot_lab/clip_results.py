"""What is kept of a clip that went through perception: overlay video, a line per frame, masks, summary."""

import json
import math
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, Finding, Frame, Seen, Tissue, View
from echopilot_perception.anomaly import findings_of_clip
from echopilot_report.overlay import enhanced_on_picture, labels_on_picture, overlay

MM2_PER_M2 = 1e6


class ClipResults:
    """Takes frames with their results one by one, in order, and writes into `folder`.

    `masks` keeps the labels of every pixel, `enhanced` shows the speckle-reduced picture beside the overlay.
    """

    def __init__(self, folder: Path, frame_rate_hz: float, masks: bool = False, enhanced: bool = False) -> None:
        self._folder = folder
        self._enhanced = enhanced
        self._rate_hz = frame_rate_hz
        self._masks: list[NDArray[np.uint8]] | None = [] if masks else None
        self._video: cv2.VideoWriter | None = None
        self._lines: list[dict[str, Any]] = []
        self._latency_s: list[float] = []
        self._seens: list[Seen] = []
        self._model: dict[str, str] = {}

    def add(self, frame: Frame, seen: Seen) -> None:
        """Keep one frame; `seen` is its result."""
        labels = labels_inside(frame, seen)
        picture = annotated(frame, seen, labels)
        if self._enhanced:
            picture = np.hstack([picture, enhanced_inside(frame, seen)])
        if self._video is None:
            size = (picture.shape[1], picture.shape[0])
            with quiet_stderr():
                self._video = cv2.VideoWriter(str(self._folder / "overlay.webm"), fourcc("VP80"), self._rate_hz, size)
            if not self._video.isOpened():
                raise EchoPilotError("this OpenCV writes no VP8 video; install opencv-python-headless")
            cv2.imwrite(str(self._folder / "overlay_first.png"), picture)
            self._model = {"id": seen.model_id, "sha256": seen.model_sha256}
        self._video.write(picture)
        self._lines.append(frame_line(seen))
        self._latency_s.append(seen.latency_s)
        self._seens.append(seen)
        if self._masks is not None:
            self._masks.append(labels)

    def finish(self, clip: str, dropped: int) -> dict[str, Any]:
        """Write the rest and return the summary; raises EchoPilotError when there was no frame."""
        if self._video is None:
            raise EchoPilotError(f"{clip} gave no frames")
        self._video.release()
        text = "".join(json.dumps(line) + "\n" for line in self._lines)
        (self._folder / "frames.jsonl").write_text(text)
        if self._masks is not None:
            np.savez_compressed(self._folder / "masks.npz", labels=np.stack(self._masks))
        summary = self._summary(clip, dropped)
        (self._folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
        return summary

    def _summary(self, clip: str, dropped: int) -> dict[str, Any]:
        lines = self._lines
        views = Counter(line["view"] for line in lines)
        view, count = views.most_common(1)[0]
        return {
            "clip": clip,
            "frames": len(lines),
            "dropped": dropped,
            "view": view,
            "view_fraction": count / len(lines),
            "views": dict(views),
            "nearest_views": dict(Counter(line["nearest_view"] for line in lines)),
            "view_probability": float(np.mean([line["view_probability"] for line in lines])),
            "quality": float(np.mean([line["quality"] for line in lines])),
            "ood": float(np.mean([line["ood"] for line in lines])),
            "findings": [finding_line(f) for f in findings_of_clip(self._seens)],
            "latency_ms": {f"p{p}": 1e3 * float(np.percentile(self._latency_s, p)) for p in (50, 95)},
            "model": self._model,
            "notice": "Research software, not a medical device.",
        }


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Silence file descriptor 2: OpenCV's FFmpeg prints a harmless tag notice for WebM that no log level stops."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


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
        "nearest_view": seen.nearest_view.name,
        "quality": round(seen.quality, 4),
        "ood": round(seen.ood_score, 4),
        "classes": {e.tissue.name: {"area_mm2": round(e.area_m2 * MM2_PER_M2, 1)} for e in seen.extents},
        "measurements": [
            {"name": m.name, "value": m.value, "unit": m.unit, "sigma": m.sigma, "convention": m.convention.name}
            for m in seen.measurements
            if math.isfinite(m.value) and math.isfinite(m.sigma)
        ],
        "latency_ms": round(seen.latency_s * 1e3, 3),
    }


def finding_line(finding: Finding) -> dict[str, Any]:
    """A finding as it stands in summary.json; `frames` names the most telling ones first."""
    return {
        "kind": finding.kind.name,
        "probability": round(finding.probability, 4),
        "borderline": finding.borderline,
        "view": finding.view.name,
        "frames": list(finding.frame_sequences),
        "text": finding.text,
    }


def labels_inside(frame: Frame, seen: Seen) -> NDArray[np.uint8]:
    """Label of every pixel (H, W), background outside the sector."""
    labels = labels_on_picture(seen.label_map, frame.geometry, (frame.image.shape[0], frame.image.shape[1]))
    box = frame.sector
    window = np.zeros(labels.shape, dtype=bool)
    window[box.top_px : box.bottom_px, box.left_px : box.right_px] = True
    return np.where(window, labels, np.uint8(Tissue.BACKGROUND)).astype(np.uint8)


def enhanced_inside(frame: Frame, seen: Seen) -> NDArray[np.uint8]:
    """Speckle-reduced picture on the pixels of the clip, BGR (H, W, 3); for display only, nothing is measured on it."""
    shape = (frame.image.shape[0], frame.image.shape[1])
    if seen.enhanced is None:
        return np.zeros((*shape, 3), np.uint8)
    grey = enhanced_on_picture(seen.enhanced, seen.label_map, frame.geometry, shape)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


def outlined(frame: Frame, seen: Seen, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Overlay with every calliper, BGR (H, W, 3)."""
    callipers = [(m.end_points[0], m.end_points[1]) for m in seen.measurements if len(m.end_points) == 2]
    picture = overlay(frame.image, labels, callipers, frame.geometry)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8)


def annotated(frame: Frame, seen: Seen, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`outlined` with the view, its probability and the quality in the corner, BGR (H, W, 3)."""
    picture = outlined(frame, seen, labels)
    near = f" (nearest {seen.nearest_view.name})" if seen.view == View.NONE else ""
    text = f"{seen.view.name} {float(seen.view_probability.max()):.0%}{near}  quality {seen.quality:.2f}"
    at = (8, picture.shape[0] - 10)
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (235, 235, 235), 1, cv2.LINE_AA)
    return picture
