"""Results go to standard output, errors to one line with their exit code; no --out deletes what is not ours."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from echopilot_core import EchoPilotError, WriteError
from echopilot_lab.cli.app import app
from echopilot_lab.cli.shared import exit_code, one_line_errors, write_json
from echopilot_lab.trials.cohort import claim_trials

RECORDING = Path(__file__).resolve().parents[2] / "data" / "exam_05.mcap"


def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
    line = [sys.executable, "-c", "from echopilot_lab.cli.app import app; app()", *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)


def test_what_was_asked_for_is_on_standard_output() -> None:
    listed = command("scenario", "list")
    assert "aorta_reference" in listed.stdout and listed.stderr == ""
    told = command("record", "info", str(RECORDING))
    assert "44 messages" in told.stdout and told.stderr == ""
    assert command("--version").stdout.startswith("echopilot ")


def test_a_dash_gives_figures_and_nothing_else_on_standard_output(tmp_path: Path) -> None:
    done = command("record", "info", str(RECORDING), "--json", "-")
    assert json.loads(done.stdout)["recording"]["cut"] == "" and "44 messages" in done.stderr
    assert not Path("-").exists()


def test_figures_that_cannot_be_written_are_printed_and_the_old_file_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old.json").write_text("old")

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(WriteError, match="No space left"):
        patch.setattr("echopilot_exam.record.files.os.fsync", fails)
        write_json({"force": 1.0}, tmp_path / "old.json")
    assert json.loads(capsys.readouterr().out) == {"force": 1.0}
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("old.json", "old")]


def test_a_place_for_figures_is_checked_before_the_work(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["eval", "--patients", "1", "--json", str(tmp_path)])
    assert result.exit_code == 2 and "is a folder" in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (EchoPilotError("bad"), 2),
        (WriteError("full"), 1),
        (FileNotFoundError(2, "no such file"), 2),
        (PermissionError(13, "not allowed"), 2),
        (OSError(28, "no space left"), 1),
        (OSError(5, "input/output error"), 1),
        (OSError(30, "read-only"), 1),
    ],
)
def test_bad_input_is_2_and_a_machine_that_fails_is_1(error: EchoPilotError | OSError, code: int) -> None:
    assert exit_code(error) == code


@pytest.mark.parametrize("code", [0, 1, 3])
def test_the_code_of_a_command_is_passed_on(code: int, capsys: pytest.CaptureFixture[str]) -> None:
    @one_line_errors
    def aborted() -> None:
        raise typer.Exit(code)

    with pytest.raises(typer.Exit) as ended:
        aborted()
    assert ended.value.exit_code == code and capsys.readouterr().err == ""


def test_damage_is_told_from_a_cut_end_recovered_beside_and_exits_with_1(tmp_path: Path) -> None:
    data = RECORDING.read_bytes()
    path = tmp_path / "exam.mcap"
    whole = CliRunner().invoke(app, ["record", "recover", str(RECORDING)])
    assert whole.exit_code == 0 and "nothing to recover" in whole.output
    assert [p.name for p in RECORDING.parent.iterdir() if p.suffix == ".mcap"] == [RECORDING.name]
    at = data.index(b"zstd") + 100
    for damaged, said in (
        (data[:at] + bytes(10) + data[at + 10 :], "damaged in the middle"),
        (data[:-3000], "is missing"),
    ):
        path.write_bytes(damaged)
        told = CliRunner().invoke(app, ["record", "info", str(path)])
        assert said in told.output and "echopilot record recover" in told.output and told.exit_code == 0
        mended = CliRunner().invoke(app, ["record", "recover", str(path)])
        assert mended.exit_code in (0, 1) and "lost" in mended.output and "unchanged" in mended.output
        assert path.read_bytes() == damaged
    assert sorted(p.name for p in tmp_path.iterdir()) == ["exam.mcap", "exam.recovered-2.mcap", "exam.recovered.mcap"]


def test_a_trial_run_again_takes_the_place_of_no_file_of_a_user(tmp_path: Path) -> None:
    folder = tmp_path / "aorta"
    (folder / "600000" / "record").mkdir(parents=True)
    mine = {folder / "notes.txt", folder / "600000" / "notes.txt", folder / "600000" / "record" / "photo.jpg"}
    for path in mine:
        path.write_text("mine")
    claim_trials(folder, [600_000])
    (folder / "600000" / "trial.json").write_text("my own file")
    with pytest.raises(EchoPilotError, match="is no result of a trial"):
        claim_trials(folder, [600_000])
    (folder / "600000" / "trial.json").unlink()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "force.png").write_text("mine")
    with pytest.raises(EchoPilotError, match=r"force\.png is no earlier result"):
        claim_trials(tmp_path / "b", [600_000])
    assert all(path.read_text() == "mine" for path in mine)


def test_no_code_of_ours_deletes_a_folder_that_may_hold_other_things() -> None:
    """Folders are removed only where a file says which of them are ours, or where this process has just made them."""
    allowed = {
        "scripts/set_up_cache.py",  # the cache of environments
        "ros2_ws/src/echopilot_core/echopilot_core/kernels/folder.py",  # the cache of compiled kernels
        "ros2_ws/src/echopilot_lab/echopilot_lab/util/atomic_output.py",  # its own staging folder
        "ros2_ws/src/echopilot_lab/echopilot_lab/fuzzing/readers/run.py",  # the folder of its own case
        "ros2_ws/src/echopilot_lab/echopilot_lab/tasks/ablation.py",  # the images of a pre-training that it has run
        "ros2_ws/src/echopilot_report/echopilot_report/output.py",  # its own two hidden folders
    }
    root = Path(__file__).resolve().parents[3]
    found = set()
    for top in ("scripts", "ros2_ws/src", "perception", "control"):
        for folder, names, files in os.walk(root / top):
            names[:] = [name for name in names if name not in ("__pycache__", "build", "install")]
            for file in files:
                path = Path(folder) / file
                if path.suffix == ".py" and ("rmtree" in (text := path.read_text()) or "shutil.move" in text):
                    found.add(str(path.relative_to(root)))
    assert found == allowed
