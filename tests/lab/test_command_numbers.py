"""Numbers and seeds on the command line: unusable ones are refused in one line, no default is kept for others."""

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from echopilot_bringup.cli import app
from echopilot_lab.cli.shared import FIRST_RESERVED_SEED

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ("seed", "error_seed", "replay")


def commands(tree: typer.Typer) -> Iterator[typer.models.CommandInfo]:
    yield from tree.registered_commands
    for group in tree.registered_groups:
        assert group.typer_instance is not None
        yield from commands(group.typer_instance)


@pytest.mark.parametrize("command", list(commands(app)), ids=lambda c: c.callback.__name__)
def test_no_default_seed_is_kept_for_independent_checks(command: typer.models.CommandInfo) -> None:
    assert command.callback is not None
    options = inspect.signature(command.callback).parameters
    counts = [p.default for name, p in options.items() if name in ("patients", "runs") and isinstance(p.default, int)]
    for name in SEEDS:
        if name in options and isinstance(options[name].default, int):
            assert options[name].default + max([*counts, 1]) <= FIRST_RESERVED_SEED


@pytest.mark.parametrize("command", list(commands(app)), ids=lambda c: c.callback.__name__)
def test_every_command_turns_errors_into_one_line(command: typer.models.CommandInfo) -> None:
    assert hasattr(command.callback, "__wrapped__")


def test_launch_files_and_scripts_name_no_reserved_seed() -> None:
    files = [
        *(ROOT / "launch").glob("*"),
        *(ROOT / "benchmarks").rglob("*.yaml"),
        ROOT / "Makefile",
        ROOT / "README.md",
    ]
    files += [
        *(ROOT / "ros2_ws/src/echopilot_bringup/echopilot_bringup/config").glob("*"),
        *(ROOT / "docs").glob("*.md"),
    ]
    for file in files:
        if file.is_file():
            text = file.read_text(errors="replace")
            assert not [w for w in ("seed 1000", "SEED=1000", "seed: 1000", "SEED ?= 1000") if w + "000" in text], file


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e300"])
def test_numbers_that_are_none_are_refused_in_one_line(value: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["trial", f"--start-mm={value}", "--out", str(tmp_path / "out")])
    assert result.exit_code == 2 and "--start-mm" in result.output
    assert len(result.output.strip().splitlines()) == 1 and not (tmp_path / "out").exists()


def test_whole_numbers_beyond_every_use_are_refused_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["trial", "--seed", "9" * 30, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2 and "--seed" in result.output and not (tmp_path / "out").exists()


def test_reserved_seeds_are_said(tmp_path: Path) -> None:
    arguments = ["trial", "--protocol", "none", "--seed", "999999", "--patients", "2", "--out", str(tmp_path / "out")]
    assert "independent checks" in CliRunner().invoke(app, arguments).output
    arguments[6] = "1"
    assert "independent checks" not in CliRunner().invoke(app, arguments).output


def test_an_error_of_ours_is_one_line_and_can_be_shown_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RecursionError("too\ndeep")

    monkeypatch.setattr("echopilot_exam.protocol.protocol.load_protocol", broken)
    result = CliRunner().invoke(app, ["exam", "plan", "aorta"])
    assert result.exit_code == 1 and "RecursionError" in result.output and "too deep" in result.output
    assert len(result.output.strip().splitlines()) == 1 and "Traceback" not in result.output
    monkeypatch.setenv("ECHOPILOT_TRACEBACK", "1")
    assert isinstance(CliRunner().invoke(app, ["exam", "plan", "aorta"]).exception, RecursionError)
