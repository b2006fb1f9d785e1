"""Acceptance criteria pass more often near a view than far from it."""

from typer.testing import CliRunner

from echopilot_lab.cli.app import app
from echopilot_lab.controller_data.acceptance_rates import BANDS, acceptance_rates, poses_of


def test_rates_fall_with_the_distance_from_the_view() -> None:
    rows = acceptance_rates(poses_of(500_000, per_band=1)).values()
    assert len(rows) == 12
    assert all(row["poses"] == len(BANDS) for row in rows)
    near, far = (sum(row[band] for row in rows) for band in ("<= 8", "> 20"))
    assert near > 6.0  # of twelve views
    assert far < 0.5 * near


def test_patients_of_reports_are_refused() -> None:
    result = CliRunner().invoke(app, ["tune", "gates", "--seed", "599995"])
    assert result.exit_code == 2
    assert "not for development" in result.stderr
