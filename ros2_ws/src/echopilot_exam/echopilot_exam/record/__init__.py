"""The exam record: an append-only folder that is complete at any time."""

from echopilot_exam.record.model import (
    ClipRecord,
    ExamRecord,
    KeyFrameRecord,
    RecordHeader,
    TraceSample,
    contact_samples,
)
from echopilot_exam.record.reader import read_exam
from echopilot_exam.record.software import exam_config
from echopilot_exam.record.writer import RecordWriter

__all__ = [
    "ClipRecord",
    "ExamRecord",
    "KeyFrameRecord",
    "RecordHeader",
    "RecordWriter",
    "TraceSample",
    "contact_samples",
    "exam_config",
    "read_exam",
]
