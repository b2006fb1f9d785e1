"""The report of an exam, made from its record alone."""

from echopilot_report.report import write_report

__all__ = ["write_report"]
