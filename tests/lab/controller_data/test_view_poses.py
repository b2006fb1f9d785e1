"""The statistics of view poses are measured on development patients and written where asked, the shipped file aside."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from echopilot_control.search.view_pose_model import SIZE, joint_view_poses
from echopilot_core import EchoPilotError
from echopilot_lab.cli.app import app
from echopilot_lab.controller_data.development_patients import development_seeds
from echopilot_lab.controller_data.view_poses import (
    VIEWS,
    ViewPoseStatistics,
    guidance_errors,
    patient_coordinates,
    shipped_file,
)


def test_a_training_patient_lies_within_the_shipped_statistics() -> None:
    shipped = joint_view_poses()
    found = patient_coordinates(1_000)
    sd = np.sqrt(np.diag(shipped.covariance))
    assert found.shape == (SIZE * len(VIEWS) + 2,)
    assert np.abs((found - shipped.mean) / sd).max() < 5.0


def test_guidance_errs_by_no_more_than_the_shipped_errors_allow() -> None:
    errors = guidance_errors(500_130)
    assert errors.shape == (len(VIEWS), SIZE)
    sd = np.sqrt(np.diagonal(joint_view_poses().errors, axis1=1, axis2=2))
    known = np.isfinite(errors) & np.isfinite(sd)
    assert known.any()
    assert np.median(np.abs(errors[known] / sd[known])) < 2.0


def test_saved_statistics_are_read_as_the_controller_reads_them(tmp_path: Path) -> None:
    n = len(VIEWS)
    rng = np.random.default_rng(1)
    statistics = ViewPoseStatistics(
        rng.normal(size=SIZE * n + 2), np.eye(SIZE * n + 2), rng.normal(size=(n, SIZE, SIZE)), 2, 1
    )
    path = tmp_path / "new" / "view_poses.npz"
    statistics.save(path)
    with np.load(path) as kept, np.load(shipped_file()) as shipped:
        assert {name: (kept[name].dtype, kept[name].shape) for name in kept} == {
            name: (shipped[name].dtype, shipped[name].shape) for name in shipped
        }
        np.testing.assert_array_equal(kept["views"], shipped["views"])
        np.testing.assert_allclose(kept["mean"], statistics.mean, rtol=1e-6)


@pytest.mark.parametrize(("first", "patients"), [(599_999, 2), (600_000, 1), (1_000_000, 5), (-1, 1)])
def test_patients_of_reports_are_refused(first: int, patients: int) -> None:
    with pytest.raises(EchoPilotError, match="not for development"):
        development_seeds(first, patients)


def test_the_shipped_file_is_not_overwritten_by_its_name() -> None:
    before = shipped_file().read_bytes()
    result = CliRunner().invoke(app, ["tune", "view-poses", "--patients", "2", "--out", str(shipped_file())])
    assert result.exit_code == 2
    assert "--write" in result.stderr
    assert shipped_file().read_bytes() == before
