"""`echopilot exam plan` on the command line."""

from pathlib import Path

from typer.testing import CliRunner

from echopilot_exam.protocol.plan import plan_text
from echopilot_exam.protocol.protocol import load_protocol
from echopilot_lab.cli.app import app


def test_plan_prints_the_protocol_and_what_is_calibrated(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["exam", "plan", "complete", "--calibration", str(tmp_path)])
    assert result.exit_code == 0
    assert plan_text(load_protocol("complete")) in result.stdout
    assert "probe calibration: not calibrated" in result.stdout


def test_a_wrong_name_is_one_line_and_exit_code_2() -> None:
    result = CliRunner().invoke(app, ["exam", "plan", "nothing"])
    assert result.exit_code == 2 and result.stdout == ""
    assert "choose one of aorta, cardiac, complete, full, screening" in result.stderr
