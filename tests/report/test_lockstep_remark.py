"""An exam whose lockstep was broken says so in its record and report; an unbroken one says nothing."""

import json
import shutil
from pathlib import Path

from echopilot_exam.record import read_exam
from echopilot_exam.record.model import lockstep_document
from echopilot_report.report import write_report

SENTENCE = "went on without an answer that was due in 5 ticks (controller 2, robot 3)"


def test_a_broken_lockstep_is_in_the_record_and_in_the_report(refused: Path, tmp_path: Path) -> None:
    folder = tmp_path / "record"
    shutil.copytree(refused, folder)
    document = json.loads((folder / "exam.json").read_text())
    assert document["lockstep"] == {"breaks": 0, "by_node": {}}
    assert read_exam(folder).breaks == {} and SENTENCE[:7] not in write_report(folder).page.read_text()
    document["lockstep"] = lockstep_document({"robot": 3, "controller": 2})
    (folder / "exam.json").write_text(json.dumps(document))
    assert read_exam(folder).breaks == {"controller": 2, "robot": 3}
    assert SENTENCE in write_report(folder).page.read_text()
    del document["lockstep"]  # of 0.5
    (folder / "exam.json").write_text(json.dumps(document))
    assert read_exam(folder).breaks == {}
