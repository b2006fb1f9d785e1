"""Training takes in what is on disk, by name, and refuses a folder without it before anything is rendered."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "perception"))
sys.path.insert(0, str(Path(__file__).parents[2] / "perception" / "training"))

from made_data import camus_patient
from rich.console import Console
from synthetic import ring_samples

from echopilot_core import EchoPilotError, View
from echopilot_lab.models.train import FOREIGN_SHARE, REAL_SHARE, TrainingPlan, from_disk, with_foreign


def test_public_data_sets_join_by_name(tmp_path: Path) -> None:
    found = from_disk(TrainingPlan(camus=camus_patient(tmp_path)), Console())
    assert list(found) == ["CAMUS"] and len(found["CAMUS"]) == 4
    assert from_disk(TrainingPlan(), Console()) == {}


def test_a_folder_without_the_data_set_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match="CAMUS"):
        from_disk(TrainingPlan(camus=tmp_path), Console())


def test_foreign_images_and_the_few_real_ones_have_their_shares() -> None:
    rendered, real = ring_samples(50, seed=1), ring_samples(2, seed=2)
    samples = with_foreign(rendered, {"real_samples": real, "CAMUS": real})
    made, often = round(FOREIGN_SHARE * 50), round(REAL_SHARE * 50)
    assert len(samples) == 50 + made + often + 2
    foreign = samples.take(np.arange(50, 50 + made))
    assert (foreign.view == View.NONE).all() and (foreign.labels == 255).all()
    assert not foreign.guidance_valid.any() and np.isnan(foreign.quality).all()
