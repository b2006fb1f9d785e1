"""The simulator's truth of an exam as a file of JSON lines, by which a record can be scored again."""

import json
import math
from pathlib import Path
from typing import Any

from echopilot_core import EchoPilotError, View
from echopilot_core.guarded.json_input import read_json_lines
from echopilot_exam.record import read_exam
from echopilot_exam.record.files import SUMMARY, merge_json
from echopilot_exam.record.model import lockstep_document
from echopilot_lab.trials.scores import PatientTruth, TruthSample, as_json
from echopilot_lab.trials.scoring import score

TRUTH_FILE = "log/sim_truth.jsonl"
"""Beside the record of a simulated exam, never in it."""
PATIENT = ("seed", "max_outer_diameter_m", "ejection_fraction", "limit_crossings", "peak_normal_force_n")
Truth = tuple[TruthSample, PatientTruth]


def truth_line(truth: Truth) -> str:
    """One line for one frame; null stands for what the plane does not cut."""
    sample, patient = truth
    views = {view.name: [angle, sample.view_offset_m[view]] for view, angle in sample.view_angle_rad.items()}
    frame = [sample.stamp_ns, sample.sequence, _or_null(sample.aorta_outer_ap_m), _or_null(sample.station_m)]
    return json.dumps({"frame": frame, "views": views, "patient": [getattr(patient, name) for name in PATIENT]})


def _or_null(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else float(value)


def read_truth(path: Path) -> list[Truth]:
    """All whole lines, in order; raises EchoPilotError when the file cannot be read or holds none."""
    try:
        rows = read_json_lines(path).documents
    except FileNotFoundError:
        raise EchoPilotError(f"{path} is missing: an exam is scored by it") from None
    truth = []
    for row in rows:
        try:
            truth.append(_parsed(row))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    if not truth:
        raise EchoPilotError(f"{path} holds no truth: the exam cannot be scored")
    return truth


def _parsed(row: dict[str, Any]) -> Truth:
    stamp_ns, sequence, outer_ap_m, station_m = row["frame"]
    angles = {View[name]: float(angle) for name, (angle, _) in row["views"].items()}
    offsets = {View[name]: float(offset) for name, (_, offset) in row["views"].items()}
    sample = TruthSample(int(stamp_ns), int(sequence), angles, offsets, _or_nan(outer_ap_m), _or_nan(station_m))
    seed, diameter_m, fraction, crossings, peak_n = row["patient"]
    return sample, PatientTruth(int(seed), float(diameter_m), float(fraction), int(crossings), float(peak_n))


def score_record(folder: Path, truth: list[Truth] | None = None, summary: Path | None = None) -> Path:
    """Score a record, with the truth in its file where none is given, and merge the scores into summary.json.

    Raises:
        EchoPilotError: without record or truth, or when the summary cannot be written.
    """
    known = read_truth(folder / TRUTH_FILE) if truth is None else truth
    patient = known[-1][1]
    samples = [sample for sample, owner in known if owner.seed == patient.seed]
    path = summary or folder / SUMMARY
    record = read_exam(folder)
    scores = as_json(score(record, samples, patient))
    merge_json(path, scores | {"lockstep": lockstep_document(record.breaks), "scores_error": ""})
    return path
