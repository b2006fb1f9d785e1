"""Benchmarks that are no timing: small runs leave their figures."""

import json
from pathlib import Path

from typer.testing import CliRunner

from echopilot_core import View
from echopilot_lab.cli.app import app


def figures_of(tmp_path: Path, *arguments: str) -> dict[str, object]:
    file = tmp_path / "figures.json"
    result = CliRunner().invoke(app, ["bench", *arguments, "--json", str(file)])
    assert result.exit_code == 0, result.output
    figures: dict[str, object] = json.loads(file.read_text())
    return figures


def test_views_counts_the_patients_that_have_each_view(tmp_path: Path) -> None:
    figures = figures_of(tmp_path, "views", "--patients", "2", "--seed", "600001")
    assert figures["failed"] == [] and figures["seed"] == 600_001
    assert figures["views"] == {view.name: 2 for view in View if view != View.NONE}


def test_one_case_of_the_fuzzer_runs_alone(tmp_path: Path) -> None:
    figures = figures_of(tmp_path, "fuzz", "--seed", "20", "--case", "3")
    assert figures["cases"] == 1 and figures["failed"] == []


def test_slide_measures_both_views(tmp_path: Path) -> None:
    image = tmp_path / "slide.png"
    figures = figures_of(tmp_path, "slide", "--patients", "1", "--picture", str(image))
    assert image.stat().st_size > 0
    share = {name: figures[name]["share_believed_to_be_there"] for name in ("PLAX", "PSAX_PM")}  # type: ignore[index]
    assert share["PLAX"] > share["PSAX_PM"]  # the long axis hardly shows how far the probe slid
