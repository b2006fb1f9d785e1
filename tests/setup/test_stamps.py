"""The set-up repeats a step exactly when something that it reads has changed."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import set_up

ROOT = set_up.ROOT


@pytest.fixture
def run(tmp_path, capsys):
    """Carry out steps with the given inputs and return which acted."""

    def act(**inputs: str) -> list[str]:
        acted = []
        todo = [set_up.SetUpStep(name, text, lambda n=name: acted.append(n)) for name, text in inputs.items()]
        set_up.carry_out(todo, tmp_path / "stamps")
        return acted

    return act


def test_a_second_run_skips_everything(run):
    assert run(environment="1", wheels="1", messages="1") == ["environment", "wheels", "messages"]
    assert run(environment="1", wheels="1", messages="1") == []


def test_a_changed_input_repeats_its_step_alone(run):
    run(environment="1", wheels="1", messages="1", libraries="1")
    assert run(environment="1", wheels="1", messages="2", libraries="1") == ["messages"]


def test_what_stands_on_a_changed_foundation_is_repeated(run):
    run(environment="1", wheels="1", messages="1", libraries="1")
    assert run(environment="1", wheels="2", messages="1", libraries="1") == ["wheels", "messages", "libraries"]


def test_a_failed_step_leaves_no_stamp(run, tmp_path):
    def fail() -> None:
        raise SystemExit(1)

    with pytest.raises(SystemExit):
        set_up.carry_out([set_up.SetUpStep("wheels", "1", fail)], tmp_path / "stamps")
    assert run(wheels="1") == ["wheels"]


def test_the_digest_sees_content_and_names_but_not_the_environment(monkeypatch, tmp_path):
    monkeypatch.setattr(set_up, "ROOT", tmp_path)
    folder = tmp_path / "messages"
    folder.mkdir()
    (folder / "A.msg").write_text("uint8 a")
    seen = [set_up.digest(folder)]
    (folder / "A.msg").write_text("uint8 b")
    seen.append(set_up.digest(folder))
    (folder / "A.msg").rename(folder / "B.msg")
    seen.append(set_up.digest(folder))
    assert len(set(seen)) == 3
    assert set_up.digest(folder) == seen[-1]


def test_the_digest_does_not_know_where_the_clone_lies(monkeypatch, tmp_path):
    seen = []
    for clone in (tmp_path / "first", tmp_path / "second"):
        shutil.copytree(ROOT / "ros2_ws/src/echopilot_msgs", clone / "messages")
        monkeypatch.setattr(set_up, "ROOT", clone)
        seen.append(set_up.digest(clone / "messages"))
    assert seen[0] == seen[1]


def test_what_is_waited_for_is_said_before(tmp_path, capsys):
    heard = []
    step = set_up.SetUpStep("wheels", "1", lambda: heard.append(capsys.readouterr().out), lambda: "about 25 s")
    set_up.carry_out([step], tmp_path / "stamps")
    assert heard == ["set-up 1/1: wheels (about 25 s) ... "]


def test_the_inputs_of_the_steps_do_not_depend_on_what_the_set_up_writes(monkeypatch, tmp_path):
    """A stamp that hashed the environment itself would never match."""
    monkeypatch.setattr(set_up, "VENV", tmp_path / ".venv")
    before = [step.inputs for step in set_up.steps(False, ["dev"])]
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "anything").write_text("installed")
    assert [step.inputs for step in set_up.steps(False, ["dev"])] == before


def test_what_is_missing_is_named_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setattr(set_up.shutil, "disk_usage", lambda _: set_up.shutil._ntuple_diskusage(1, 1, 0))
    monkeypatch.setattr(set_up, "VENV", ROOT / "no-such-folder")
    assert [want.split(" (")[0] for want in set_up.missing(apt=False)] == ["a C++ compiler", "5 GiB of free disk"]
