"""Writes the exam record while the exam runs."""

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from echopilot_core import BodyLandmarks, EchoPilotError, Finding, Frame, Measurement, Seen
from echopilot_exam.gate import COUPLED_PROBABILITY
from echopilot_exam.protocol import Protocol
from echopilot_exam.record.body import landmarks_document
from echopilot_exam.record.clips import ClipWriter
from echopilot_exam.record.codec import plain
from echopilot_exam.record.files import JsonLines, clear_disk_errors, replace_file
from echopilot_exam.record.model import RESEARCH_SENTENCE, SCHEMA_REVISION, SCHEMA_VERSION, RecordHeader
from echopilot_exam.record.pictures import png, write_labels
from echopilot_exam.record.schema import SCHEMA_FILE
from echopilot_exam.record.software import code_sha256, code_version, config_sha256
from echopilot_exam.record.syncer import Syncer
from echopilot_exam.states import ExamInputs, ExamOutput, ExamPhase, KeyFrame, Series

FRAMES_KEPT = 240
"""Frames that wait for the verdict whether they are key frames: 8 s at 30 Hz."""


class RecordWriter:
    """Appends to one exam folder. `frame` offers pictures, `tick` writes what the exam machine took and gave.

    `config` are the files that the exam ran with, by name; they are kept and hashed. `clips` keeps every frame of
    recordings and sweeps as pictures. Raises EchoPilotError once when the folder already holds an exam or cannot be
    written; from then on nothing more is written, and `stopped` says why.
    """

    def __init__(
        self,
        folder: Path,
        protocol: Protocol,
        header: RecordHeader,
        config: Mapping[str, bytes] | None = None,
        clips: bool = False,
    ) -> None:
        self.folder = folder
        self.stopped = ""
        config = config or {}
        self._header = replace(
            header,
            code_version=header.code_version or code_version(),
            code_sha256=header.code_sha256 or code_sha256(),
            config_sha256=header.config_sha256 or config_sha256(config),
        )
        self._protocol = protocol
        self._frames: OrderedDict[int, Frame] = OrderedDict()
        self._seen: OrderedDict[int, Seen] = OrderedDict()
        self._wanted: dict[int, KeyFrame] = {}
        self._measurements: list[Measurement] = []
        self._findings: list[Finding] = []
        self._series: list[Series] = []
        self._landmarks: BodyLandmarks | None = None
        self._started_ns: int | None = None
        self._last_key: tuple[Any, ...] = ()
        self._syncer = Syncer()
        self._clips = ClipWriter(folder / "clips", protocol, self._syncer) if clips else None
        with clear_disk_errors(folder):
            (folder / "keyframes").mkdir(parents=True, exist_ok=True)
            if (folder / "exam.json").exists():
                raise EchoPilotError(f"{folder} already holds an exam; choose another folder")
            if config:
                (folder / "config").mkdir(exist_ok=True)
            for name, data in config.items():
                replace_file(folder / "config" / name, data)
            replace_file(folder / SCHEMA_FILE.name, SCHEMA_FILE.read_bytes())
            self._seen_file = JsonLines(folder / "seen.jsonl", self._syncer)
            self._control_file = JsonLines(folder / "control.jsonl", self._syncer)
            self._events_file = JsonLines(folder / "events.jsonl", self._syncer)
            self._write_exam(None)

    def frame(self, frame: Frame) -> None:
        """Offer a picture; it is written only if the exam asks for it within the next seconds."""
        self._frames[frame.sequence] = frame
        while len(self._frames) > FRAMES_KEPT:
            self._frames.popitem(last=False)

    def landmarks(self, landmarks: BodyLandmarks) -> None:
        """Where the body lies; the newest are kept, and written with the next change."""
        self._landmarks = landmarks

    def tick(self, inputs: ExamInputs, output: ExamOutput) -> None:
        """Write one exam tick."""
        if self.stopped:
            return
        if self._started_ns is None:
            self._started_ns = inputs.now_ns
        try:
            with clear_disk_errors(self.folder):
                self._tick(inputs, output)
        except EchoPilotError as error:
            self.stopped = str(error)
            self.close()
            raise

    def close(self) -> None:
        """Close the files; the record is complete without it."""
        for file in (self._seen_file, self._control_file, self._events_file, self._clips):
            if file is not None:
                file.close()
        self._syncer.close()

    def _tick(self, inputs: ExamInputs, output: ExamOutput) -> None:
        for seen in inputs.seen:
            self._take(seen)
        self._control_file.append(_trace(inputs, output))
        for key in output.keep:
            self._wanted[key.sequence] = key
        for sequence in list(self._wanted):
            if sequence in self._frames and sequence in self._seen:
                self._write_keyframe(self._wanted.pop(sequence))
        if self._clips is not None:
            self._clips.take(inputs.seen, output.state, self._frames)
        self._measurements.extend(output.new_measurements)
        self._findings.extend(output.new_findings)
        self._series.extend(output.new_series)
        state = output.state
        key_now = (state.phase, state.step_index, state.attempt, state.message)
        if key_now != self._last_key:
            self._last_key = key_now
            event = {"stamp_ns": state.stamp_ns, "tick": state.tick, "state": state.state}
            self._events_file.append({**event, "step_index": state.step_index, "message": state.message})
            self._write_exam(output)
        elif output.new_measurements or output.new_findings or output.new_series:
            self._write_exam(output)
        if self._syncer.error is not None:
            raise self._syncer.error

    def _take(self, seen: Seen) -> None:
        if seen.model_sha256 and not self._header.model_sha256:
            self._header = replace(self._header, model_id=seen.model_id, model_sha256=seen.model_sha256)
        self._seen[seen.sequence] = seen
        while len(self._seen) > FRAMES_KEPT:
            self._seen.popitem(last=False)
        row = {
            "stamp_ns": seen.stamp_ns,
            "sequence": seen.sequence,
            "view": seen.view.name,
            "view_probability": float(seen.view_probability[seen.view]),
            "quality": float(seen.quality),
            "coupled_fraction": float(np.mean(np.asarray(seen.coupling) >= COUPLED_PROBABILITY)),
            "ood_score": float(seen.ood_score),
            "measurements": seen.measurements,
        }
        self._seen_file.append(plain(row))

    def _write_keyframe(self, key: KeyFrame) -> None:
        frame, seen = self._frames[key.sequence], self._seen[key.sequence]
        stem = self.folder / "keyframes" / f"{key.sequence:06d}"
        replace_file(stem.with_suffix(".png"), png(frame.image), sync=False)
        write_labels(stem.with_suffix(".npz"), seen.label_map)
        document = {
            "sequence": key.sequence,
            "stamp_ns": frame.stamp_ns,
            "view": key.view,
            "reason": key.reason,
            "geometry": frame.geometry,
            "sector": frame.sector,
            "measurements": seen.measurements,
        }
        replace_file(stem.with_suffix(".json"), _json(document), sync=False)
        for suffix in (".png", ".npz", ".json"):
            self._syncer.once(stem.with_suffix(suffix))

    def _write_exam(self, output: ExamOutput | None) -> None:
        """`output` None: the exam has not begun."""
        state = output.state if output else None
        document = {
            "schema": SCHEMA_VERSION,
            "revision": SCHEMA_REVISION,
            "notice": RESEARCH_SENTENCE,
            "header": self._header,
            "steps": [f"{step.view.name} {step.kind.value}" for step in self._protocol.steps],
            "started_ns": self._started_ns or 0,
            "updated_ns": state.stamp_ns if state else 0,
            "state": state.state if state else ExamPhase.IDLE.name,
            "complete": state is not None and state.phase is ExamPhase.DONE,
            "message": state.message if state else "",
            "results": state.results if state else (),
            "measurements": self._measurements,
            "findings": self._findings,
            "series": self._series,
            "landmarks": landmarks_document(self._landmarks),
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
