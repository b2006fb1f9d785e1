"""Scenarios: files are sound, runs are judged by what really happened, and anybody's controller can be driven."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from echopilot_core import (
    CaliperPoint,
    ControlPhase,
    EchoPilotError,
    Measurement,
    MeasurementName,
    SafetyMode,
    View,
)
from echopilot_exam.protocol.protocol import protocol_names
from echopilot_lab.cli.scenario import scenario_app
from echopilot_lab.scenarios.acceptance import evaluate_criteria, passed, score
from echopilot_lab.scenarios.catalog import FOLDER, load_scenario, scenario_names
from echopilot_lab.scenarios.disturbance_injector import stretched
from echopilot_lab.scenarios.figures import Figures, figures_of
from echopilot_lab.scenarios.interface import load_controller
from echopilot_lab.scenarios.model import Beside, Criteria, PatientSpec
from echopilot_lab.scenarios.plot import draw_overview, draw_scenario
from echopilot_lab.scenarios.run import patient_of, run_once, run_scenario
from echopilot_lab.scenarios.trace import Trace

ROOT = Path(__file__).resolve().parents[3]


def test_all_29_files_are_sound_and_say_what_they_judge_and_why() -> None:
    names = scenario_names()
    assert len(names) == 29
    for name in names:
        scenario = load_scenario(name)
        patient_of(scenario.patient)
        assert scenario.description.endswith(".") and scenario.why.endswith(".")
        assert len(scenario.criteria.model_fields_set) >= 2, name
        assert not scenario.protocol or scenario.protocol in protocol_names()
        assert all(d.from_s < scenario.duration_s for d in scenario.disturbances), name
    assert len({load_scenario(name).description for name in names}) == 29


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("max_force_n: 12", "max_forse_n: 12"), "max_forse_n"),
        (("kind: acquire", "kind: fly"), "goals"),
        (("name: normal", "name: nobody"), "nobody"),
        (("torso.breathing_abdomen_m", "torso.wings_m"), "wings_m"),
        (("0.005", "5.0"), "breathing_abdomen_m"),
        (("pictures: none", "pictures: some"), "pictures"),  # the key
        (("name: quiet_breathing", "name: loud"), "loud"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line_that_names_the_field(
    tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    text = (FOLDER / "quiet_breathing.yaml").read_text()
    assert change[0] in text
    (tmp_path / "quiet_breathing.yaml").write_text(text.replace(*change))
    with pytest.raises(EchoPilotError) as caught:
        patient_of(load_scenario(str(tmp_path / "quiet_breathing.yaml")).patient)
    assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["nobody", "nobody:Controller", "echopilot_control.controller:Nobody"])
def test_a_controller_that_is_not_there_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(EchoPilotError) as caught:
        load_controller(name)
    assert "nobody" in str(caught.value).lower() and "\n" not in str(caught.value)


def test_an_unknown_scenario_ends_with_exit_code_2_and_the_valid_names() -> None:
    result = CliRunner().invoke(scenario_app, ["run", "storm"])
    assert result.exit_code == 2 and "quiet_breathing" in result.output


def figures(**changes: object) -> Figures:
    """A calm run."""
    calm: dict[str, object] = {
        "max_force_n": 6.0,
        "limit_crossings": 0,
        "force_rmse_n": 0.25,
        "force_peak_error_n": 1.0,
        "contact_share": 1.0,
        "angle_deg": 4.0,
        "offset_mm": 4.0,
        "seconds": 10.0,
        "completed": True,
        "centring_mm": 1.0,
        "tracking_rmse_mm": float("nan"),
        "retreated": False,
        "latched": (),
        "phases": ("HOLD",),
    }
    return Figures(**(calm | changes))  # type: ignore[arg-type]


def test_grades_fall_with_the_error_and_a_figure_that_is_missing_fails() -> None:
    wanted = Criteria(max_force_n=12.0, force_rmse_n=0.5, reached=True)
    good, edge = evaluate_criteria(figures(), wanted), evaluate_criteria(figures(force_rmse_n=0.5), wanted)
    bad = evaluate_criteria(figures(force_rmse_n=0.51), wanted)
    assert passed(good) and passed(edge) and not passed(bad)
    assert score(good) > score(edge) > score(bad)
    assert not passed(evaluate_criteria(figures(), Criteria(tracking_rmse_mm=1.0)))
    assert not passed(evaluate_criteria(figures(angle_deg=9.0), wanted))


def test_a_latch_that_nobody_asked_for_fails_and_a_crossing_is_worth_nothing() -> None:
    assert not passed(evaluate_criteria(figures(latched=("FORCE_TRIP",)), Criteria()))
    assert not passed(evaluate_criteria(figures(), Criteria(latch=("FORCE_TRIP",))))
    assert passed(evaluate_criteria(figures(latched=("FORCE_TRIP",)), Criteria(latch_may=("FORCE_TRIP",))))
    crossed = evaluate_criteria(figures(limit_crossings=1), Criteria())
    assert not passed(crossed) and score(crossed) == 0.0


def test_force_is_judged_only_where_a_set_point_has_stood_for_a_while() -> None:
    trace = Trace()
    for k in range(600):
        trace.time_s.append(0.01 * k)
        trace.contact_s.append(0.01 * k)
        trace.setpoint_n.append(5.0 if k < 300 else 8.0)
        trace.force_n.append(5.0 if k < 400 else 8.5)  # a second late after the step
        trace.phase.append(ControlPhase.HOLD)
        trace.mode.append(SafetyMode.OK)
    found = figures_of(trace, 8.5, 0, 0.0)
    assert found.force_peak_error_n == pytest.approx(0.5)
    assert found.force_rmse_n == pytest.approx(np.sqrt(0.25 * 150 / 300))


def test_our_controller_holds_a_breathing_patient_and_the_run_is_drawn(tmp_path: Path) -> None:
    scenario = load_scenario("quiet_breathing").model_copy(update={"duration_s": 6.0})
    result, traces = run_scenario(scenario, load_controller())
    assert result["passed"], result["verdicts"]
    draw_scenario(scenario, result, traces, tmp_path / "one.png")
    draw_overview([result], tmp_path / "all.png")
    assert (tmp_path / "one.png").stat().st_size > 10_000 and (tmp_path / "all.png").is_file()


def test_a_pressed_stop_latches_and_nothing_is_commanded_after_it() -> None:
    scenario = load_scenario("stop_button").model_copy(update={"duration_s": 9.0})
    found, trace = run_once(scenario, load_controller())
    assert found.latched == ("OPERATOR_STOP",) and trace.mode[-1] is SafetyMode.STOPPED


def test_a_foreign_controller_is_driven_through_the_interface(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    scenario = load_scenario("quiet_breathing").model_copy(update={"duration_s": 6.0})
    found, _ = run_once(scenario, load_controller("examples.hold_force:HoldForce"), Beside(name=""))
    assert found.contact_share > 0.95 and found.limit_crossings == 0 and found.latched == ()


def test_the_suspicions_of_an_exam_are_compared_as_a_whole() -> None:
    wanted = Criteria(suspicions=("ANEURYSM_ABDOMINAL WITHDRAWN",))
    assert passed(evaluate_criteria(figures(suspicions=wanted.suspicions), wanted))
    for other in ((), ("ANEURYSM_ABDOMINAL OPEN",), (*wanted.suspicions, "THROMBUS CONFIRMED")):
        assert not passed(evaluate_criteria(figures(suspicions=other), wanted))
    assert not passed(evaluate_criteria(figures(suspicions=wanted.suspicions), Criteria(suspicions=())))
    with pytest.raises(ValueError, match="choose of ANEURYSM_ABDOMINAL"):
        Criteria(suspicions=("ANEURYSM_ABDOMINAL MAYBE",))


def test_wrong_calipers_and_false_findings_are_put_into_the_results_and_nothing_else_changes() -> None:
    ends = (CaliperPoint(0.0, 0.06), CaliperPoint(0.0, 0.08))
    name = MeasurementName.AORTA_OUTER_AP
    m = Measurement(name, 0.02, "m", 0.0005, View.AORTA_TRANS, name.convention, end_points=ends)
    wide = stretched(m, 1.5)
    assert wide.value == pytest.approx(0.03)
    assert [p.y_m for p in wide.end_points] == [pytest.approx(0.055), pytest.approx(0.085)]
    other = replace(m, name=MeasurementName.AORTA_INNER_AP)
    assert stretched(other, 1.5) is other


def test_a_seed_and_a_name_at_once_are_refused() -> None:
    with pytest.raises(ValueError, match="seed or a name"):
        PatientSpec(seed=1, name="normal")
