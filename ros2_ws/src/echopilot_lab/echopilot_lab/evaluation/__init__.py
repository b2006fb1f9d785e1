"""`echopilot eval`: perception on unseen virtual patients against the truth of the same frame states."""

from echopilot_lab.evaluation.run import evaluate_patients

__all__ = ["evaluate_patients"]
