"""Writes the exam record while the exam runs."""

import io
import json
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from echopilot_core import EchoPilotError, Finding, Frame, Measurement, Seen
from echopilot_exam.gate import COUPLED_PROBABILITY
from echopilot_exam.protocol import Protocol
from echopilot_exam.record.codec import plain
from echopilot_exam.record.files import append_line, clear_disk_errors, replace_file
from echopilot_exam.record.model import RESEARCH_SENTENCE, SCHEMA_VERSION, RecordHeader
from echopilot_exam.states import ExamInputs, ExamOutput, ExamPhase, KeyFrame, Series

FRAMES_KEPT = 240
"""Frames that wait for the verdict whether they are key frames: 8 s at 30 Hz."""


class RecordWriter:
    """Appends to one exam folder. `frame` offers pictures, `tick` writes what the exam machine took and gave.

    Raises EchoPilotError when the folder already holds an exam or cannot be written; the caller then stops the exam.
    """

    def __init__(self, folder: Path, protocol: Protocol, header: RecordHeader) -> None:
        self.folder = folder
        self._header = header
        self._protocol = protocol
        self._frames: OrderedDict[int, Frame] = OrderedDict()
        self._seen: OrderedDict[int, Seen] = OrderedDict()
        self._wanted: dict[int, KeyFrame] = {}
        self._measurements: list[Measurement] = []
        self._findings: list[Finding] = []
        self._series: list[Series] = []
        self._started_ns: int | None = None
        self._last_key: tuple[Any, ...] = ()
        with clear_disk_errors(folder):
            (folder / "keyframes").mkdir(parents=True, exist_ok=True)
            if (folder / "exam.json").exists():
                raise EchoPilotError(f"{folder} already holds an exam; choose another folder")
            self._seen_file = (folder / "seen.jsonl").open("a", encoding="utf-8")
            self._control_file = (folder / "control.jsonl").open("a", encoding="utf-8")
            self._events_file = (folder / "events.jsonl").open("a", encoding="utf-8")

    def frame(self, frame: Frame) -> None:
        """Offer a picture; it is written only if the exam asks for it within the next seconds."""
        self._frames[frame.sequence] = frame
        while len(self._frames) > FRAMES_KEPT:
            self._frames.popitem(last=False)

    def tick(self, inputs: ExamInputs, output: ExamOutput) -> None:
        """Write one exam tick."""
        if self._started_ns is None:
            self._started_ns = inputs.now_ns
        with clear_disk_errors(self.folder):
            for seen in inputs.seen:
                self._take(seen)
            append_line(self._control_file, _trace(inputs, output))
            for key in output.keep:
                self._wanted[key.sequence] = key
            for sequence in list(self._wanted):
                if sequence in self._frames and sequence in self._seen:
                    self._write_keyframe(self._wanted.pop(sequence))
            self._measurements.extend(output.new_measurements)
            self._findings.extend(output.new_findings)
            self._series.extend(output.new_series)
            state = output.state
            key_now = (state.phase, state.step_index, state.attempt, state.message)
            if key_now != self._last_key:
                self._last_key = key_now
                append_line(
                    self._events_file,
                    {
                        "stamp_ns": state.stamp_ns,
                        "tick": state.tick,
                        "state": state.state,
                        "step_index": state.step_index,
                        "message": state.message,
                    },
                )
                self._write_exam(output)

    def close(self) -> None:
        """Close the files; the record is complete without it."""
        for file in (self._seen_file, self._control_file, self._events_file):
            file.close()

    def _take(self, seen: Seen) -> None:
        if seen.model_sha256 and not self._header.model_sha256:
            self._header = replace(self._header, model_id=seen.model_id, model_sha256=seen.model_sha256)
        self._seen[seen.sequence] = seen
        while len(self._seen) > FRAMES_KEPT:
            self._seen.popitem(last=False)
        append_line(
            self._seen_file,
            plain(
                {
                    "stamp_ns": seen.stamp_ns,
                    "sequence": seen.sequence,
                    "view": seen.view.name,
                    "view_probability": float(seen.view_probability[seen.view]),
                    "quality": float(seen.quality),
                    "coupled_fraction": float(np.mean(np.asarray(seen.coupling) >= COUPLED_PROBABILITY)),
                    "ood_score": float(seen.ood_score),
                    "measurements": seen.measurements,
                }
            ),
        )

    def _write_keyframe(self, key: KeyFrame) -> None:
        frame, seen = self._frames[key.sequence], self._seen[key.sequence]
        stem = self.folder / "keyframes" / f"{key.sequence:06d}"
        ok, png = cv2.imencode(".png", frame.image)
        if not ok:
            raise EchoPilotError(f"frame {key.sequence} cannot be written as PNG")
        replace_file(stem.with_suffix(".png"), png.tobytes())
        buffer = io.BytesIO()
        label_map = seen.label_map
        np.savez_compressed(
            buffer,
            labels=label_map.labels,
            origin_m=np.array([label_map.origin_x_m, label_map.origin_y_m]),
            spacing_m=np.array(label_map.spacing_m),
        )
        replace_file(stem.with_suffix(".npz"), buffer.getvalue())
        document = {
            "sequence": key.sequence,
            "stamp_ns": frame.stamp_ns,
            "view": key.view,
            "reason": key.reason,
            "geometry": frame.geometry,
            "sector": frame.sector,
            "measurements": seen.measurements,
        }
        replace_file(stem.with_suffix(".json"), _json(document))

    def _write_exam(self, output: ExamOutput) -> None:
        document = {
            "schema": SCHEMA_VERSION,
            "notice": RESEARCH_SENTENCE,
            "header": self._header,
            "steps": [f"{step.view.name} {step.kind.value}" for step in self._protocol.steps],
            "started_ns": self._started_ns,
            "updated_ns": output.state.stamp_ns,
            "state": output.state.state,
            "complete": output.state.phase is ExamPhase.DONE,
            "message": output.state.message,
            "results": output.state.results,
            "measurements": self._measurements,
            "findings": self._findings,
            "series": self._series,
        }
        replace_file(self.folder / "exam.json", _json(document))


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(plain(document), allow_nan=False, indent=1).encode()


def _trace(inputs: ExamInputs, output: ExamOutput) -> Any:
    robot, status, safety = inputs.robot, inputs.status, inputs.safety
    row = {
        "stamp_ns": inputs.now_ns,
        "tick": output.state.tick,
        "phase": output.state.state,
        "contact_force_n": robot.contact_force_n,
        "setpoint_n": status.force_setpoint_n if status else None,
        "soft_cap_n": safety.soft_cap_n if safety else None,
        "trip_force_n": safety.trip_force_n if safety else None,
        "view_score": status.view_score if status else None,
        "station_m": status.station_m if status else None,
        "pose": [round(float(x), 6) if np.isfinite(x) else None for x in robot.T_base_probe[:3].ravel()],
    }
    return {k: round(v, 5) if isinstance(v, float) and np.isfinite(v) else plain(v) for k, v in row.items()}
