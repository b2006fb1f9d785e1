"""Output of a clip that went through perception: overlay video, a line per frame, masks, summary."""

import json
import math
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import (
    EchoPilotError,
    Finding,
    Frame,
    GateStatus,
    LabelMap,
    PerceptionResult,
    SegmentationClass,
    View,
)
from echopilot_core.beat_period import beat_period_s
from echopilot_perception.anomaly import (
    ClipVote,
    TrackedFindings,
    area_change_of_clip,
    ejection_of_clip,
    findings_of_clip,
    follow,
    told_measurements,
    vote,
)
from echopilot_report.images.overlay import enhanced_on_image, labels_on_image, overlay

MM2_PER_M2 = 1e6
APICAL = (View.A4C, View.A2C)
EF_METHOD = "method of disks, one plane: a ratio, which needs no scale"
NO_LABELS = LabelMap(np.zeros((1, 1), np.uint8), 0.0, 0.0, 1.0)  # of results that are kept for a whole clip
NO_SCALE = "not calibrated: no lengths, areas or volumes"


class ClipResults:
    """Takes frames with their results one by one, in order, and writes into `folder`.

    `masks` keeps the labels of every pixel, `enhanced` shows the speckle-reduced image beside the overlay.
    `times_known` says whether the clip gives its frame times, `scale_source` where the scale is from or why there is
    none; they and `remarks` go into the summary.
    """

    def __init__(
        self,
        folder: Path,
        frame_rate_hz: float,
        masks: bool = False,
        enhanced: bool = False,
        times_known: bool = True,
        remarks: Sequence[str] = (),
        scale_source: str = "",
    ) -> None:
        self._folder = folder
        self._enhanced = enhanced
        self._rate_hz = frame_rate_hz
        self._times_known = times_known
        self._remarks = list(remarks)
        self._scale_source = scale_source
        self._masks: list[NDArray[np.uint8]] | None = [] if masks else None
        self._video: cv2.VideoWriter | None = None
        self._known_scale: list[bool] = []
        self._latency_s: list[float] = []
        self._results: list[PerceptionResult] = []
        self._model: dict[str, str] = {}
        self._tracked = TrackedFindings()

    def add(self, frame: Frame, result: PerceptionResult) -> None:
        """Keep one frame; `result` is its result."""
        labels = labels_inside(frame, result)
        self._tracked = follow(self._tracked, result)
        told = told_measurements(result.measurements, self._tracked.now)
        image = annotated(frame, replace(result, measurements=told), labels, self._scale_source)
        if self._enhanced:
            image = np.hstack([image, enhanced_inside(frame, result)])
        if self._video is None:
            size = (image.shape[1], image.shape[0])
            with quiet_stderr():
                self._video = cv2.VideoWriter(str(self._folder / "overlay.webm"), fourcc("VP80"), self._rate_hz, size)
            if not self._video.isOpened():
                raise EchoPilotError("this OpenCV writes no VP8 video; install opencv-python-headless")
            cv2.imwrite(str(self._folder / "overlay_first.png"), image)
            self._model = {"id": result.model_id, "sha256": result.model_sha256}
        self._video.write(image)
        self._known_scale.append(frame.imaging.calibrated)
        self._latency_s.append(result.latency_s)
        self._results.append(replace(result, enhanced=None, label_map=NO_LABELS))
        if self._masks is not None:
            self._masks.append(labels)

    def finish(self, clip: str, dropped: int) -> dict[str, Any]:
        """Write the rest and return the summary; raises EchoPilotError when there was no frame."""
        if self._video is None:
            raise EchoPilotError(f"{clip} gave no frames")
        self._video.release()
        findings = findings_of_clip(self._results, self._times_known)
        lines = [
            frame_line(replace(s, measurements=told_measurements(s.measurements, findings)), known)
            for s, known in zip(self._results, self._known_scale, strict=True)
        ]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (self._folder / "frames.jsonl").write_text(text)
        if self._masks is not None:
            np.savez_compressed(self._folder / "masks.npz", labels=np.stack(self._masks))
        summary = self._summary(clip, dropped, lines, findings)
        (self._folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
        return summary

    def _summary(
        self, clip: str, dropped: int, lines: Sequence[dict[str, Any]], findings: Sequence[Finding]
    ) -> dict[str, Any]:
        return {
            "clip": clip,
            "frames": len(lines),
            "dropped": dropped,
            **vote_line(vote(self._results, self._times_known)),
            "views": dict(Counter(line["view"] for line in lines)),
            "nearest_views": dict(Counter(line["nearest_view"] for line in lines)),
            "view_probability": float(np.mean([line["view_probability"] for line in lines])),
            "quality": float(np.mean([line["quality"] for line in lines])),
            "ood": float(np.mean([line["ood"] for line in lines])),
            "calibrated": all(self._known_scale),
            "scale_source": self._scale_source,
            "frame_times_known": self._times_known,
            **self._heart(),
            "findings": [finding_line(f) for f in findings],
            "remarks": self._remarks,
            "latency_ms": {f"p{p}": 1e3 * float(np.percentile(self._latency_s, p)) for p in (50, 95)},
            "model": self._model,
            "notice": "Research software, not a medical device.",
        }

    def _heart(self) -> dict[str, Any]:
        """Ejection fraction [%], fractional area change [%] and heart rate; null where they cannot be measured."""
        found = ejection_of_clip(self._results) if self._times_known else None
        measured = found is not None and found.gate is not GateStatus.REFUSED
        if found is not None and not measured:
            self._remarks.append(f"no ejection fraction: {found.gate_reason}")
        areas = [(s.stamp_ns * 1e-9, s.extent(SegmentationClass.LV)) for s in self._results if s.view in APICAL]
        known = [(t, extent.area_m2) for t, extent in areas if extent is not None]
        change = area_change_of_clip(self._results) if self._times_known else None
        period_s = beat_period_s([t for t, _ in known], [a for _, a in known]) if self._times_known else None
        return {
            "ef_pct": round(100.0 * found.value, 1) if found is not None and measured else None,
            "ef_method": EF_METHOD if measured else None,
            "fac_pct": round(100.0 * change.fraction, 1) if change is not None else None,
            "fac_view": change.view.name if change is not None else None,
            "heart_rate_bpm": round(60.0 / period_s, 1) if period_s is not None else None,
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


def frame_line(result: PerceptionResult, calibrated: bool = True) -> dict[str, Any]:
    """The public per-frame record; areas are null and measurements absent where the scale is not known."""
    return {
        "sequence": result.sequence,
        "stamp": result.stamp_ns * 1e-9,
        "calibrated": calibrated,
        "view": result.view.name,
        "view_probability": round(float(result.view_probability.max()), 4),
        "nearest_view": result.nearest_view.name,
        "quality": round(result.quality, 4),
        "ood": round(result.ood_score, 4),
        "classes": {
            e.tissue.name: {"area_mm2": round(e.area_m2 * MM2_PER_M2, 1) if calibrated else None}
            for e in result.extents
        },
        "measurements": [
            {"name": m.name, "value": m.value, "unit": m.unit, "sigma": m.sigma, "convention": m.convention.name}
            for m in result.measurements
            if math.isfinite(m.value) and math.isfinite(m.sigma) and m.gate is not GateStatus.REFUSED
        ],
        "latency_ms": round(result.latency_s * 1e3, 3),
    }


def vote_line(answer: ClipVote) -> dict[str, Any]:
    """The vote of a clip as it stands in summary.json; `voters` says whether its beats or its frames voted."""
    return {
        "view": answer.view.name,
        "view_fraction": answer.view_fraction,
        "nearest_view": answer.nearest_view.name,
        "nearest_view_fraction": answer.nearest_fraction,
        "foreign": answer.foreign,
        "voters": "beats" if answer.beats else "frames",
        "beats": answer.beats,
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


def labels_inside(frame: Frame, result: PerceptionResult) -> NDArray[np.uint8]:
    """Label of every pixel (H, W), background outside the sector."""
    labels = labels_on_image(result.label_map, frame.geometry, (frame.image.shape[0], frame.image.shape[1]))
    box = frame.sector
    window = np.zeros(labels.shape, dtype=bool)
    window[box.top_px : box.bottom_px, box.left_px : box.right_px] = True
    return np.where(window, labels, np.uint8(SegmentationClass.BACKGROUND)).astype(np.uint8)


def enhanced_inside(frame: Frame, result: PerceptionResult) -> NDArray[np.uint8]:
    """Speckle-reduced image on the pixels of the clip, BGR (H, W, 3); for display only, nothing is measured on it."""
    shape = (frame.image.shape[0], frame.image.shape[1])
    if result.enhanced is None:
        return np.zeros((*shape, 3), np.uint8)
    gray = enhanced_on_image(result.enhanced, result.label_map, frame.geometry, shape)
    return np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR), np.uint8)


def outlined(frame: Frame, result: PerceptionResult, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Overlay with every caliper, BGR (H, W, 3)."""
    calipers = [(m.end_points[0], m.end_points[1]) for m in result.measurements if len(m.end_points) == 2]
    image = overlay(frame.image, labels, calipers, frame.geometry)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint8)


def annotated(
    frame: Frame, result: PerceptionResult, labels: NDArray[np.uint8], scale_source: str = ""
) -> NDArray[np.uint8]:
    """`outlined` with view, probability and quality in the corner, and where the scale is from; BGR (H, W, 3)."""
    image = outlined(frame, result, labels)
    near = f" (nearest {result.nearest_view.name})" if result.view == View.NONE else ""
    text = f"{result.view.name} {float(result.view_probability.max()):.0%}{near}  quality {result.quality:.2f}"
    at = (8, image.shape[0] - 10)
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (235, 235, 235), 1, cv2.LINE_AA)
    line = f"scale: {scale_source.partition(':')[0]}" if scale_source else ""
    if not frame.imaging.calibrated:
        line = NO_SCALE
    if line:
        for color, width in (((0, 0, 0), 4), ((80, 190, 255), 1)):
            above = (at[0], at[1] - 18)
            cv2.putText(image, line, above, cv2.FONT_HERSHEY_SIMPLEX, 0.5, color, width, cv2.LINE_AA)
    return image
