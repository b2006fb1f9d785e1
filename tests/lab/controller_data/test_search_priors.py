"""Priors computed from virtual patients agree with the shipped ones."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from echopilot_control.search.priors import PRIORS
from echopilot_core import EchoPilotError
from echopilot_lab.cli.app import app
from echopilot_lab.controller_data.search_priors import ROW, VIEWS, prior_coordinates, priors_of


def test_priors_of_a_few_patients_lie_near_the_shipped_ones(tmp_path: Path) -> None:
    file = tmp_path / "priors.json"
    result = CliRunner().invoke(app, ["tune", "priors", "--patients", "4", "--jobs", "2", "--json", str(file)])
    assert result.exit_code == 0, result.output
    views = json.loads(file.read_text())["views"]
    assert set(views) == {view.name for view in PRIORS}
    apart = [row["difference"] for row in views.values()]
    assert max(max(row["left_mm"], row["superior_mm"]) for row in apart) < 25.0
    assert max(row["turn_deg"] for row in apart) < 12.0


def test_a_prior_is_the_median_point_and_the_mean_direction() -> None:
    rows = np.stack([prior_coordinates(1_000)] * 3)
    rows[1, :, 0] += 0.1
    rows[2, :, 0] += 5.0  # an outlier does not move the median
    for n, (view, prior) in enumerate(priors_of(rows).items()):
        assert view is VIEWS[n]
        assert prior.left == pytest.approx(rows[1, n, 0])
        assert prior.beam == pytest.approx(tuple(rows[0, n, 2:5]))


def test_a_view_that_nobody_has_is_refused() -> None:
    with pytest.raises(EchoPilotError, match="none of 2 patients"):
        priors_of(np.full((2, len(VIEWS), ROW), np.nan))


def test_patients_of_reports_are_refused() -> None:
    result = CliRunner().invoke(app, ["tune", "priors", "--seed", "600000"])
    assert result.exit_code == 2
    assert "not for development" in result.stderr
