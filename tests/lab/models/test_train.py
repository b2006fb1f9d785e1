"""Training takes in what is on disk, by name, and refuses a folder without it before anything is rendered."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "perception" / "training"))

from made_data import camus_patient

from echopilot_core import EchoPilotError
from echopilot_lab.models.train import TrainingPlan, from_disk


def test_public_data_sets_join_by_name(tmp_path: Path) -> None:
    found = from_disk(TrainingPlan(camus=camus_patient(tmp_path)))
    assert list(found) == ["CAMUS"] and len(found["CAMUS"]) == 4
    assert from_disk(TrainingPlan()) == {}


def test_a_folder_without_the_data_set_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match="CAMUS"):
        from_disk(TrainingPlan(camus=tmp_path))
