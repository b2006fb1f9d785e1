"""Run folders: each run has its own, earlier ones and a user's files stay, links lead to the newest."""

import json
from pathlib import Path

import pytest

from echopilot_bringup.runs.results import STALLED_S, WORK_S, Watch
from echopilot_bringup.runs.run_folder import link_newest, new_run, note, read_summary
from echopilot_core import EchoPilotError


def finish(run: Path, *names: str) -> None:
    for name in names:
        (run / name).write_text(f"{run.name} {name}")
    note(run, {"outcome": "completed"})
    link_newest(run)


def test_a_second_run_leaves_the_first_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = new_run(out, "aorta")
    finish(first, "exam.json", "exam.mcap", "report.html")
    before = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    (out / "notes.txt").write_text("mine")
    second = new_run(out, "aorta")
    assert second != first and not (out / "report.html").exists(), "no old result is taken for a new one"
    finish(second, "exam.json", "exam.mcap")
    assert (out / "exam.mcap").read_text() == f"{second.name} exam.mcap"
    assert json.loads((out / "summary.json").read_text())["outcome"] == "completed"
    assert {path: path.read_bytes() for path in before} == before and (out / "notes.txt").read_text() == "mine"
    assert all((out / name).is_file() for name in read_summary(second)["files"])


def test_a_run_that_never_ended_says_so(tmp_path: Path) -> None:
    assert read_summary(new_run(tmp_path, "aorta")) == {"outcome": "unfinished"}


@pytest.mark.parametrize("name", ["summary.json", "report.html", "dicom"])
def test_a_file_in_the_place_of_a_link_is_refused_and_stays(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(EchoPilotError, match=f"holds {name}") as error:
        new_run(tmp_path, "aorta")
    assert "\n" not in str(error.value)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [(name, "mine")]


def test_a_link_of_somebody_else_stays(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / "exam.json").symlink_to("target")
    run = new_run(tmp_path, "aorta")
    finish(run, "exam.json")
    assert (tmp_path / "exam.json").read_text() == "mine"


def test_time_ends_no_work_that_makes_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s, used_s = 0.0, {"report": 0.0}
    monkeypatch.setattr("echopilot_bringup.runs.results.processor_seconds", lambda _: used_s)
    watch = Watch("report", 1, lambda: now_s)
    for _ in range(200):  # hours on a busy machine
        now_s += STALLED_S - 1.0
        used_s["report"] += WORK_S
        assert watch.complaint() == ""
    now_s += STALLED_S + 1.0
    assert "no progress" in watch.complaint()


def test_a_node_that_is_started_again_is_waited_for_one_that_is_gone_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s, used_s = 0.0, {"report": 50.0}
    monkeypatch.setattr("echopilot_bringup.runs.results.processor_seconds", lambda _: dict(used_s))
    watch = Watch("report", 1, lambda: now_s)
    assert watch.complaint() == ""
    used_s.clear()
    now_s += 5.0
    assert watch.complaint() == ""
    used_s["report"] = 0.1
    now_s += 5.0
    assert watch.complaint() == ""
    used_s.clear()
    now_s += 20.0
    assert watch.complaint() == "has ended"
