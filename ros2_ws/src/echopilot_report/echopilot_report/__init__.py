"""The report of an exam, made from its record alone."""

from echopilot_report.report import Written, write_report

__all__ = ["Written", "write_report"]
