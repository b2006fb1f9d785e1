"""The exam record: a folder that only grows and is complete at every moment."""

from echopilot_exam.record.config import exam_config
from echopilot_exam.record.held import held_samples
from echopilot_exam.record.model import ClipRecord, ExamRecord, KeyFrameRecord, RecordHeader, TraceSample
from echopilot_exam.record.reader import read_exam
from echopilot_exam.record.writer import RecordWriter

__all__ = [
    "ClipRecord",
    "ExamRecord",
    "KeyFrameRecord",
    "RecordHeader",
    "RecordWriter",
    "TraceSample",
    "exam_config",
    "held_samples",
    "read_exam",
]
