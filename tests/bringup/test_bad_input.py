"""Bad input gives one clear line, exit code 2, and nothing half-written."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from echopilot_bringup import processes
from echopilot_bringup.cli import app
from echopilot_core import EchoPilotError
from echopilot_exam.protocol.protocol import PROTOCOL_FOLDER, load_protocol
from echopilot_lab.replay.clip import find_clip
from echopilot_lab.trials.cohort import finished
from echopilot_lab.trials.trial import made_with
from echopilot_lab.util.atomic_output import staged_folder
from echopilot_perception.model import manifest


def refused(arguments: list[str], out: Path) -> str:
    """Run a command that must be refused; its one line."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2, result.output
    lines = [line for line in result.output.splitlines() if line.strip()]
    assert len(lines) == 1, result.output
    assert not out.exists()
    assert not list(out.parent.glob(f".{out.name}-*"))
    return lines[0]


@pytest.fixture
def text_clip(tmp_path: Path) -> Path:
    path = tmp_path / "notes.dcm"
    path.write_text("this is not a clip")
    return path


@pytest.fixture
def truncated_dicom(tmp_path: Path) -> Path:
    whole = find_clip("default").read_bytes()
    path = tmp_path / "cut.dcm"
    path.write_bytes(whole[: len(whole) // 2])
    return path


@pytest.mark.parametrize("clip", ["text_clip", "truncated_dicom"])
@pytest.mark.parametrize("command", ["replay", "demo"])
def test_an_unreadable_clip_is_refused(clip: str, command: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(clip)
    out = tmp_path / "out"
    arguments = [command, *([str(path)] if command == "replay" else ["--clip", str(path)]), "--out", str(out)]
    assert path.name in refused(arguments, out)


def test_a_missing_clip_lists_what_is_accepted(tmp_path: Path) -> None:
    line = refused(["replay", str(tmp_path / "none.mp4"), "--out", str(tmp_path / "out")], tmp_path / "out")
    assert "default" in line


@pytest.mark.parametrize("command", [["replay", "default"], ["demo", "--clip", "default"], ["demo"], ["trial"]])
def test_missing_weights_are_named(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "SHIPPED", tmp_path / "no-model")
    assert "make train" in refused([*command, "--out", str(tmp_path / "out")], tmp_path / "out")


def test_an_unknown_protocol_lists_the_valid_ones(tmp_path: Path) -> None:
    line = refused(["demo", "--protocol", "knee", "--out", str(tmp_path / "out")], tmp_path / "out")
    assert "aorta" in line and "cardiac" in line and "full" in line


def test_no_free_port_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Taken:
        def __init__(self, *_: object) -> None: ...
        def __enter__(self) -> "Taken":
            return self

        def __exit__(self, *_: object) -> None: ...
        def bind(self, _: object) -> None:
            raise OSError("address already in use")

    monkeypatch.delenv("ROS_DOMAIN_ID", raising=False)
    monkeypatch.setattr(processes.socket, "socket", Taken)
    assert "no free port" in refused(["demo", "--out", str(tmp_path / "out")], tmp_path / "out")


def test_a_failed_run_keeps_the_old_results(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with staged_folder(out) as folder:
        (folder / "summary.json").write_text("old")
    with pytest.raises(EchoPilotError), staged_folder(out) as folder:
        (folder / "summary.json").write_text("half")
        raise EchoPilotError("broken")
    assert (out / "summary.json").read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_results_never_replace_something_else(kind: str, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    photo = out / "photo.jpg" if kind == "folder" else out
    photo.parent.mkdir(exist_ok=True)
    photo.write_text("precious")
    result = CliRunner().invoke(app, ["replay", "default", "--out", str(out)])
    assert result.exit_code == 2
    assert photo.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [out]


def test_brackets_in_a_path_are_said_as_they_are(tmp_path: Path) -> None:
    line = refused(["replay", str(tmp_path / "[red]none[/].mp4"), "--out", str(tmp_path / "out")], tmp_path / "out")
    assert "[red]none[/].mp4" in line


def test_only_whole_trials_of_the_same_model_and_protocol_are_kept(tmp_path: Path) -> None:
    plan = tmp_path / "mine.yaml"
    plan.write_bytes((PROTOCOL_FOLDER / "aorta.yaml").read_bytes())
    made = made_with(load_protocol(str(plan)), manifest.read_manifest())
    folder = tmp_path / "out" / "mine"
    assert not finished(folder, 600_000, made)
    (folder / "600000").mkdir(parents=True)
    (folder / "600000" / "trial.json").write_text(json.dumps({"made_with": made}))
    assert finished(folder, 600_000, made)
    assert not finished(folder, 600_000, made | {"model_sha256": "another"})
    (folder / "600000" / "trial.json").write_text('{"made_')
    assert not finished(folder, 600_000, made)


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [("--height", "1.65", "centimeters"), ("--height", "400", "height_m"), ("--age", "400", "age_years")],
)
def test_absurd_patients_are_refused_before_a_report_is_written(
    option: str, value: str, told: str, tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, ["report", str(tmp_path), "--sex", "F", option, value])
    assert result.exit_code == 2 and told in result.output
    assert list(tmp_path.iterdir()) == []
