"""The way from every number back to its frames: one row per frame that a number, a finding or a picture rests on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from echopilot_exam.record import ExamRecord
from echopilot_report.content import passed_numbers, station_numbers
from echopilot_report.keyframes import chosen_keyframes
from echopilot_report.pictures import frame_numbers
from echopilot_report.reading.wording import text


@dataclass(frozen=True)
class SourceRow:
    """One frame, as text."""

    sequence: int
    seconds: str
    view: str
    quality: str
    read: str
    shown_in: str


def source_rows(record: ExamRecord, shown_in: Mapping[int, str]) -> list[SourceRow]:
    """Frames in their order; `shown_in` says which DICOM file holds the picture of a frame."""
    wanted = {s for m in passed_numbers(record) for s in m.frame_sequences}
    wanted |= {m.frame_sequences[0] for m in station_numbers(record) if m.frame_sequences}
    wanted |= {s for finding in record.findings for s in finding.frame_sequences}
    wanted |= {key.sequence for key, _ in chosen_keyframes(record)}
    wanted |= {r.frame_sequence for r in record.results if r.frame_sequence >= 0}
    seen = {s.sequence: s for s in record.seen}
    measured = {s for m in (*passed_numbers(record), *station_numbers(record)) for s in m.frame_sequences}
    rows = []
    for sequence in sorted(wanted):
        sample = seen.get(sequence)
        if sample is None:
            rows.append(SourceRow(sequence, "", "", "", "", shown_in.get(sequence, "")))
            continue
        rows.append(
            SourceRow(
                sequence,
                seconds=f"{(sample.stamp_ns - record.started_ns) * 1e-9:.2f}",
                view=text("view", sample.view.name),
                quality=f"{100 * sample.quality:.0f} %" if math.isfinite(sample.quality) else "",
                read=frame_numbers(sample.measurements, sample.view) if sequence in measured else "",
                shown_in=shown_in.get(sequence, ""),
            )
        )
    return rows
