"""The truth of a simulated exam survives what ends the scorer, and scores a record again."""

import math
from pathlib import Path

import pytest

from echopilot_core import EchoPilotError, View
from echopilot_lab.records.truth_file import read_truth, truth_line
from echopilot_lab.trials.scores import PatientTruth, TruthSample


def truth(number: int) -> tuple[TruthSample, PatientTruth]:
    cut = number % 2 == 0
    sample = TruthSample(
        number * 33_000_000, number, {View.A4C: 0.1 * number, View.PLAX: 1.0}, {View.A4C: 0.01, View.PLAX: 0.02},
        0.03 if cut else math.nan, 0.1 if cut else math.nan,
    )  # fmt: skip
    return sample, PatientTruth(600_002, 0.048, 0.61, 0, 9.5)


def test_every_whole_line_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "sim_truth.jsonl"
    lines = [truth_line(truth(number)) for number in range(10)]
    path.write_text("\n".join(lines) + "\n" + lines[3][:40])  # killed in a write
    found = read_truth(path)
    assert [repr(row) for row in found] == [repr(truth(number)) for number in range(10)]


def test_without_truth_there_is_one_line(tmp_path: Path) -> None:
    for content in (None, "", "what is this\n"):
        if content is not None:
            (tmp_path / "t.jsonl").write_text(content)
        with pytest.raises(EchoPilotError) as error:
            read_truth(tmp_path / "t.jsonl")
        assert "\n" not in str(error.value)
