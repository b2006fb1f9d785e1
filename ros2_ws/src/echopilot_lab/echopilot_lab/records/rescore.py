"""Scores of a simulated exam that has ended, from its folder alone."""

from pathlib import Path

from echopilot_lab.records.truth_file import score_record


def score_again(folder: Path) -> Path:
    """Score a run of the demo by what its scorer has kept, and merge the scores into its summary; returns its path.

    Raises:
        EchoPilotError: where the scorer kept nothing, or the summary cannot be written.
    """
    return score_record(folder)
