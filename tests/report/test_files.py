"""All files of a report take their place together; a process that dies leaves the old ones or the new ones."""

import builtins
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from report_world import write_exam

from echopilot_core import EchoPilotError
from echopilot_report.grading.wording import texts
from echopilot_report.output import FILES, NEW, OLD, replaced_together
from echopilot_report.pdf import NO_PANGO, pdf_of
from echopilot_report.report import write_report

TEMPLATE = Path(sys.modules["echopilot_report"].__path__[0]) / "templates" / "report.html.j2"


def contents(folder: Path) -> dict[str, str]:
    """Hash of every file that a report leaves."""
    files = [
        p for name in FILES for p in ([folder / name] if (folder / name).is_file() else (folder / name).rglob("*"))
    ]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files if p.is_file()}


def test_report_json_names_every_other_file_with_its_hash(reported: Path) -> None:
    listed = json.loads((reported / "report.json").read_text())["files"]
    found = contents(reported)
    found.pop("report.json")
    assert listed == found and {"report.html", "fhir.json", "dicom/measurements.dcm"} <= set(found)
    if pdf_of("<p>x</p>")[0] is not None:
        assert (reported / "report.pdf").read_bytes().startswith(b"%PDF-") and "dicom/report.dcm" in found


def test_report_killed_in_the_middle_leaves_the_earlier_one_whole(reported: Path, tmp_path: Path) -> None:
    folder = tmp_path / "record"
    shutil.copytree(reported, folder)
    before = contents(folder)
    child = (
        "import os, sys; from pathlib import Path; from echopilot_report.report import write_report\n"
        "write_report(Path(sys.argv[1]), say=lambda part: part == 'PDF' and os.kill(os.getpid(), 9))"
    )
    done = subprocess.run([sys.executable, "-c", child, str(folder)], timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL
    assert contents(folder) == before
    with replaced_together(folder, ()):
        pass
    assert not (folder / NEW).exists() and not (folder / OLD).exists()


@pytest.mark.parametrize("step", range(3))
def test_process_that_dies_while_files_take_their_place_leaves_whole_files(tmp_path: Path, step: int) -> None:
    names = ("a", "b", "c")
    for name in names:
        (tmp_path / name).write_text("old " * 1000)
    child = os.fork()
    if child == 0:
        replaced = 0
        replace = os.replace

        def dies(path: Path, target: Path) -> None:
            nonlocal replaced
            if replaced == step:
                os.kill(os.getpid(), signal.SIGKILL)
            replaced += 1
            replace(path, target)

        os.replace = dies  # type: ignore[assignment]
        with replaced_together(tmp_path, names) as new:
            for name in names:
                (new / name).write_text("new " * 1000)
        os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    for name in names:
        assert (tmp_path / name).read_text() in ("old " * 1000, "new " * 1000)
    with replaced_together(tmp_path, names) as new:
        for name in names:
            (new / name).write_text("new " * 1000)
    assert {name: (tmp_path / name).read_text()[:4] for name in names} == dict.fromkeys(names, "new ")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b", "c"]


@pytest.mark.parametrize("step", range(4))
def test_folder_of_a_report_is_never_lost(tmp_path: Path, step: int) -> None:
    (tmp_path / "dicom").mkdir()
    (tmp_path / "dicom" / "old.dcm").write_text("old")
    child = os.fork()
    if child == 0:
        replaced, replace = 0, os.replace

        def dies(path: Path, target: Path) -> None:
            nonlocal replaced
            if replaced == step:
                os.kill(os.getpid(), signal.SIGKILL)
            replaced += 1
            replace(path, target)

        os.replace = dies  # type: ignore[assignment]
        with replaced_together(tmp_path, ("dicom",)) as new:
            (new / "dicom").mkdir()
            (new / "dicom" / "new.dcm").write_text("new")
        os._exit(0)
    os.waitpid(child, 0)
    try:
        with replaced_together(tmp_path, ("dicom",)):
            raise ValueError
    except ValueError:
        assert len(list((tmp_path / "dicom").iterdir())) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["dicom"]


def test_what_a_person_changed_or_put_there_is_kept_beside(reported: Path, tmp_path: Path) -> None:
    folder = tmp_path / "record"
    shutil.copytree(reported, folder)
    (folder / "report.html").write_text("my words")
    (folder / "dicom" / "notes.txt").write_text("my notes")
    written = write_report(folder)
    assert (folder / "report-kept.html").read_text() == "my words"
    assert (folder / "dicom-kept" / "notes.txt").read_text() == "my notes"
    assert sum("kept as" in remark for remark in written.remarks) == 2
    assert not any("kept as" in remark for remark in write_report(folder).remarks)


def test_error_while_making_leaves_the_earlier_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(ValueError), replaced_together(tmp_path, ("a",)) as new:
        (new / "a").write_text("half")
        raise ValueError
    assert (tmp_path / "a").read_text() == "old" and sorted(p.name for p in tmp_path.iterdir()) == ["a"]


def test_without_pango_one_line_says_how_to_get_the_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library cannot be taken away here: its import fails as it does where Pango is missing."""
    real = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name.startswith("weasyprint"):
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    assert pdf_of("<p>x</p>") == (None, NO_PANGO) and "\n" not in NO_PANGO


def test_every_word_of_the_page_is_in_the_text_file() -> None:
    used = re.findall(r't\("(\w+)", "(\w+)"', TEMPLATE.read_text())
    assert len(used) > 40
    assert [pair for pair in used if pair[1] not in texts().get(pair[0], {})] == []
    words = re.sub(r"<[^>]*>", " ", re.sub(r"\{[{%].*?[%}]\}", " ", TEMPLATE.read_text()))
    assert re.findall(r"[a-z]{4,}", words) == []


def test_report_without_a_record_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match="no exam record"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_report_of_an_exam_that_died_is_made_whole(tmp_path: Path) -> None:
    write_exam(tmp_path, ticks=60)
    write_report(tmp_path)
    assert {"report.html", "report.json", "fhir.json", "dicom"} <= {p.name for p in tmp_path.iterdir()}
    assert json.loads((tmp_path / "report.json").read_text())["exam"]["complete"] is False
