"""Writer of the exam record during the exam."""

import json
import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from echopilot_core import BodyLandmarks, EchoPilotError, ExamPhase, Finding, Frame, Measurement, PerceptionResult
from echopilot_exam.gate.gate import COUPLED_PROBABILITY
from echopilot_exam.machine.planned_step import ExamPlan
from echopilot_exam.machine.states import ExamInputs, ExamOutput, KeyFrame, Series
from echopilot_exam.protocol.protocol import Protocol
from echopilot_exam.record.clips import ClipWriter
from echopilot_exam.record.codec import plain
from echopilot_exam.record.files import JsonLines, clear_disk_errors, disk_message, replace_file
from echopilot_exam.record.images import png, write_labels
from echopilot_exam.record.model import (
    RESEARCH_SENTENCE,
    SCHEMA_REVISION,
    SCHEMA_VERSION,
    RecordHeader,
    landmarks_document,
    lockstep_document,
)
from echopilot_exam.record.schema import SCHEMA_FILE
from echopilot_exam.record.software import code_sha256, code_version, config_sha256
from echopilot_exam.record.syncer import Syncer

RECORD_PARTS = ("seen.jsonl", "control.jsonl", "events.jsonl", "keyframes", "clips")
FRAMES_KEPT = 240
"""Frames kept until it is known whether they are key frames: 8 s at 30 Hz."""


class RecordWriter:
    """Appends to one exam folder. `add_frame` offers frames, `tick` writes inputs and output of the exam machine.

    `config` are the configuration files of the exam, by name; they are kept and hashed. `clips` keeps every frame of
    recordings and sweeps as images. Raises EchoPilotError once when the folder already holds an exam or cannot be
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
        self._results: OrderedDict[int, PerceptionResult] = OrderedDict()
        self._wanted: dict[int, KeyFrame] = {}
        self._measurements: list[Measurement] = []
        self._findings: list[Finding] = []
        self._series: list[Series] = []
        self._landmarks: BodyLandmarks | None = None
        self._breaks: dict[str, int] = {}
        self._written: ExamOutput | None = None
        self._started_ns: int | None = None
        self._last_key: tuple[Any, ...] = ()
        self._syncer = Syncer()
        self._clips = ClipWriter(folder / "clips", self._syncer) if clips else None
        with clear_disk_errors(folder):
            if any(os.path.lexists(folder / name) for name in ("exam.json", *RECORD_PARTS)):
                raise EchoPilotError(f"{folder} already holds an exam; choose another folder")
            (folder / "keyframes").mkdir(parents=True)
            if config:
                (folder / "config").mkdir(exist_ok=True)
            for name, data in config.items():
                replace_file(folder / "config" / name, data)
            replace_file(folder / SCHEMA_FILE.name, SCHEMA_FILE.read_bytes())
            self._results_file = JsonLines(folder / "seen.jsonl", self._syncer)
            self._control_file = JsonLines(folder / "control.jsonl", self._syncer)
            self._events_file = JsonLines(folder / "events.jsonl", self._syncer)
            self._write_exam(None)

    def add_frame(self, frame: Frame) -> None:
        """Offer a frame; it is written only if the exam selects it within the next seconds."""
        self._frames[frame.sequence] = frame
        while len(self._frames) > FRAMES_KEPT:
            self._frames.popitem(last=False)

    def set_landmarks(self, landmarks: BodyLandmarks) -> None:
        """Keep the newest landmarks of the body; they are written with the next change."""
        self._landmarks = landmarks

    def note_breaks(self, by_node: Mapping[str, int]) -> None:
        """Keep how many ticks each node computed without a peer's answer."""
        if self._breaks == by_node or self.stopped:
            return
        self._breaks = dict(by_node)
        try:
            with clear_disk_errors(self.folder):
                self._write_exam(self._written)
        except EchoPilotError as error:
            self.stopped = str(error)

    def tick(self, inputs: ExamInputs, output: ExamOutput) -> None:
        """Write one exam tick."""
        self._write(inputs.now_ns, inputs.results, output, _trace(inputs, output))

    def take(self, results: tuple[PerceptionResult, ...], output: ExamOutput) -> None:
        """Write results of images that no robot took: as `tick`, without a line about the robot."""
        self._write(output.state.stamp_ns, results, output, None)

    def _write(self, now_ns: int, results: tuple[PerceptionResult, ...], output: ExamOutput, trace: Any) -> None:
        if self.stopped:
            return
        if self._started_ns is None:
            self._started_ns = now_ns
        try:
            with clear_disk_errors(self.folder):
                self._append(results, output, trace)
        except EchoPilotError as error:
            self.stopped = str(error)
            self.close()
            raise

    def close(self) -> None:
        """Close the files; the record is complete without it. `stopped` says when the disk refused the last lines."""
        for file in (self._results_file, self._control_file, self._events_file, self._clips):
            if file is not None:
                file.close()
        self._syncer.close()
        if self._syncer.error is not None and not self.stopped:
            self.stopped = disk_message(self.folder, self._syncer.error)

    def _append(self, results: tuple[PerceptionResult, ...], output: ExamOutput, trace: Any) -> None:
        for result in results:
            self._take(result)
        if trace is not None:
            self._control_file.append(trace)
        for key in output.keep:
            self._wanted[key.sequence] = key
        for sequence in list(self._wanted):
            if sequence in self._frames and sequence in self._results:
                self._write_keyframe(self._wanted.pop(sequence))
        if self._clips is not None:
            self._clips.take(results, output.state, self._frames)
        self._measurements.extend(output.new_measurements)
        self._findings.extend(output.new_findings)
        self._series.extend(output.new_series)
        state = output.state
        key_now = (state.phase, state.step_index, state.attempt, state.message)
        if key_now != self._last_key:
            self._last_key = key_now
            event = {"stamp_ns": state.stamp_ns, "tick": state.tick, "state": state.phase.name}
            self._events_file.append({**event, "step_index": state.step_index, "message": state.message})
            self._write_exam(output)
        elif output.new_measurements or output.new_findings or output.new_series:
            self._write_exam(output)
        if self._syncer.error is not None:
            raise self._syncer.error

    def _take(self, result: PerceptionResult) -> None:
        if result.model_sha256 and not self._header.model_sha256:
            self._header = replace(self._header, model_id=result.model_id, model_sha256=result.model_sha256)
        self._results[result.sequence] = result
        while len(self._results) > FRAMES_KEPT:
            self._results.popitem(last=False)
        row = {
            "stamp_ns": result.stamp_ns,
            "sequence": result.sequence,
            "view": result.view.name,
            "view_probability": float(result.view_probability[result.view]),
            "quality": float(result.quality),
            "coupled_fraction": float(np.mean(np.asarray(result.coupling) >= COUPLED_PROBABILITY)),
            "ood_score": float(result.ood_score),
            "measurements": result.measurements,
        }
        self._results_file.append(plain(row))

    def _write_keyframe(self, key: KeyFrame) -> None:
        frame, result = self._frames[key.sequence], self._results[key.sequence]
        stem = self.folder / "keyframes" / f"{key.sequence:06d}"
        replace_file(stem.with_suffix(".png"), png(frame.image), sync=False)
        write_labels(stem.with_suffix(".npz"), result.label_map)
        document = {
            "sequence": key.sequence,
            "stamp_ns": frame.stamp_ns,
            "view": key.view,
            "reason": key.reason,
            "geometry": frame.geometry,
            "sector": frame.sector,
            "preset": str(frame.imaging.preset),
            "measurements": result.measurements,
        }
        replace_file(stem.with_suffix(".json"), _json(document), sync=False)
        for suffix in (".png", ".npz", ".json"):
            self._syncer.once(stem.with_suffix(suffix))

    def _write_exam(self, output: ExamOutput | None) -> None:
        """`output` None: the exam has not begun."""
        state = output.state if output else None
        self._written = output
        document = {
            "schema": SCHEMA_VERSION,
            "revision": SCHEMA_REVISION,
            "notice": RESEARCH_SENTENCE,
            "header": self._header,
            "steps": state.labels if state else ExamPlan(self._protocol).labels,
            "started_ns": self._started_ns or 0,
            "updated_ns": state.stamp_ns if state else 0,
            "state": (state.phase if state else ExamPhase.IDLE).name,
            "complete": state is not None and state.phase is ExamPhase.DONE,
            "message": state.message if state else "",
            "results": state.results if state else (),
            "measurements": self._measurements,
            "findings": self._findings,
            "series": self._series,
            "suspicions": state.suspicions if state else (),
            "landmarks": landmarks_document(self._landmarks),
            "lockstep": lockstep_document(self._breaks),
        }
        replace_file(self.folder / "exam.json", _json(document))


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(plain(document), allow_nan=False, indent=1).encode()


def _trace(inputs: ExamInputs, output: ExamOutput) -> Any:
    robot, status, safety = inputs.robot, inputs.status, inputs.safety
    row = {
        "stamp_ns": inputs.now_ns,
        "tick": output.state.tick,
        "phase": output.state.phase.name,
        "contact_force_n": robot.contact_force_n,
        "setpoint_n": status.force_setpoint_n if status else None,
        "soft_cap_n": safety.soft_cap_n if safety else None,
        "trip_force_n": safety.trip_force_n if safety else None,
        "view_score": status.view_score if status else None,
        "station_m": status.station_m if status else None,
        "pose": [round(float(x), 6) if np.isfinite(x) else None for x in robot.T_base_probe[:3].ravel()],
    }
    return {k: round(v, 5) if isinstance(v, float) and np.isfinite(v) else plain(v) for k, v in row.items()}
