"""Tables and images of a cohort show what the results say, and results of other code or starts are told apart."""

import io
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from echopilot_core import ExamPhase
from echopilot_exam.record import ExamRecord, RecordHeader
from echopilot_exam.record.model import Event, TraceSample
from echopilot_lab.trials.cohort import differences, finished, result_file
from echopilot_lab.trials.cohort_figures import by_view, summarize
from echopilot_lab.trials.cohort_plots import draw_errors, draw_force, draw_seconds, draw_success
from echopilot_lab.trials.cohort_table import print_cohort
from echopilot_lab.trials.scores import (
    AortaScore,
    ForceScore,
    HeartScore,
    Person,
    SafetyScore,
    Scores,
    ViewScore,
    as_json,
)

CONTROL_TICK_S = 0.01
VIEWS = ("PLAX", "PSAX_PM", "A4C", "A2C", "SC4C")


def made_up(seed: int) -> dict[str, Any]:
    """A patient whose views fail the more often the heavier it is."""
    rng = np.random.default_rng(seed)
    bmi = float(rng.uniform(19.0, 41.0))

    def view() -> ViewScore:
        hit = bool(rng.uniform() < 1.5 - bmi / 40.0)
        accepted = hit or bool(rng.uniform() < 0.5)
        angle, offset = (rng.gamma(3.0, 1.3), rng.gamma(3.0, 1.2)) if hit else (rng.uniform(9, 40), rng.uniform(2, 50))
        kept = (float(angle), float(offset)) if accepted else (math.nan, math.nan)
        failure = ("", "") if hit else ("accepted, but off", "spin") if accepted else ("never believed", "too late")
        seconds = float(rng.gamma(6.0, 5.0)) + 60.0 * (not accepted)
        return ViewScore(
            True, accepted, hit, hit, seconds, *kept, 2.0, 3.0, 24.0, 22.0, float(angle), float(offset), *failure
        )

    scores = Scores(
        "completed",
        seed,
        {name: view() for name in VIEWS},
        AortaScore(True, True, 31.9, 32.4, 33.0, "OUTER_TO_OUTER", True, True),
        HeartScore(58.0, 61.0),
        ForceScore(0.4, 9.1, 1.2, 5.6),
        SafetyScore(0, 0),
        Person(bmi, 4.0),
    )
    sweep = {"centreline_mm": [0.7, 0.9], "orientation_deg": [2.5, 3.0]}
    return as_json(scores) | {"sweep": sweep, "real_time_factor": 1.5, "real_time_factor_per_core": 2.5}


@pytest.fixture(scope="module")
def results() -> list[dict[str, Any]]:
    return [made_up(seed) for seed in range(40)]


def test_the_console_shows_counts_failures_and_strata(results: list[dict[str, Any]]) -> None:
    out = io.StringIO()
    figures = summarize(results)
    print_cohort(results, figures, Console(file=out, width=80))
    told = out.getvalue()
    for name in VIEWS:
        assert f"{figures['views'][name]['reached']} of 40" in told
    assert "never believed" in told
    assert "lung mm" in told
    parasternal = sum(figures["views"][name]["reached"] for name in ("PLAX", "PSAX_PM"))
    assert f"parasternal {parasternal} of 80" in told
    assert "sweeps completed 40 of 40" in told
    assert "aneurysms right in 40 of 40 patients" in told


@pytest.mark.parametrize("draw", [draw_success, draw_errors, draw_seconds])
def test_pictures_have_colors_of_what_they_show(draw: Any, results: list[dict[str, Any]], tmp_path: Path) -> None:
    draw(by_view(results), results, tmp_path / "image.png")
    drawn = np.asarray(Image.open(tmp_path / "image.png")).reshape(-1, 3).astype(int)
    colored = np.ptp(drawn, axis=1) > 60
    assert 0.002 < colored.mean() < 0.5


def test_the_force_of_an_exam_is_drawn_with_its_steps_and_gaps(tmp_path: Path) -> None:
    force = [math.nan if 100 < k < 120 else 5.0 + math.sin(0.05 * k) for k in range(600)]
    trace = tuple(
        TraceSample(k * 50_000_000, k, ExamPhase.HOLD, f, 5.0, 12.0, 18.0, 0.5, math.nan, np.eye(4))
        for k, f in enumerate(force)
    )
    events = tuple(Event(k * 10_000_000_000, 0, ExamPhase.PREPARE, k, "") for k in range(3))
    record = ExamRecord(
        tmp_path, RecordHeader("p", "cardiac", ""), 0, 1, ExamPhase.DONE, True, "",
        ("PLAX acquire", "A4C acquire"), (), (), (), (), trace=trace, events=events,
    )  # fmt: skip
    draw_force(record, "made up", tmp_path / "force.png")
    assert Image.open(tmp_path / "force.png").width == 1180
    draw_force(ExamRecord(**asdict(record) | {"trace": (), "events": ()}), "empty", tmp_path / "empty.png")
    assert (tmp_path / "empty.png").exists()


def test_results_made_with_anything_else_are_done_again_and_said_to_be(tmp_path: Path) -> None:
    wanted: dict[str, str | float] = {"code_sha256": "a", "model_sha256": "b", "start_mm": 30.0, "start_deg": 20.0}
    for seed, made in enumerate((wanted, wanted | {"code_sha256": "c"}, wanted | {"start_mm": 0.0}, None)):
        if made is not None:
            result_file(tmp_path, seed).parent.mkdir()
            result_file(tmp_path, seed).write_text(json.dumps({"made_with": made}))
    assert [finished(tmp_path, seed, wanted) for seed in range(4)] == [True, False, False, False]
    assert differences(tmp_path, [1, 2, 3], wanted) == ["code", "start"]
    assert differences(tmp_path, [3], wanted) == []
