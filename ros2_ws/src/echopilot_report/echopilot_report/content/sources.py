"""Source frames of the report: one row per frame that a number, a finding or an image is based on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from echopilot_exam.record import ExamRecord
from echopilot_report.content.content import passed_numbers, station_numbers
from echopilot_report.content.second_looks import look_frames
from echopilot_report.images.key_frame_images import frame_numbers
from echopilot_report.images.key_frames import chosen_keyframes


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
    """Frames in ascending order; `shown_in` maps a frame to the DICOM file with its image."""
    wanted = {s for m in passed_numbers(record) for s in m.frame_sequences}
    wanted |= {m.frame_sequences[0] for m in station_numbers(record) if m.frame_sequences}
    wanted |= {s for finding in record.findings for s in finding.frame_sequences}
    wanted |= {s for suspicion in record.suspicions for s in look_frames(suspicion)}
    wanted |= {key.sequence for key, _ in chosen_keyframes(record)}
    wanted |= {r.frame_sequence for r in record.results if r.frame_sequence >= 0}
    seen = {s.sequence: s for s in record.perception}
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
                view=sample.view.name,
                quality=f"{100 * sample.quality:.0f} %" if math.isfinite(sample.quality) else "",
                read=frame_numbers(sample.measurements, sample.view, "source") if sequence in measured else "",
                shown_in=shown_in.get(sequence, ""),
            )
        )
    return rows
