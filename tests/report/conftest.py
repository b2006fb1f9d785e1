"""Makes the exam tests' scripted world importable here too; one exam and one report for all tests."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1] / "exam"), str(Path(__file__).parent)]


@pytest.fixture(scope="session")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole exam of the scripted world with clips; nobody writes into it."""
    from report_world import QUICK_FULL

    return _exam_of(QUICK_FULL, tmp_path_factory.mktemp("exam"), clips=True)


@pytest.fixture(scope="session")
def reported(exam: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of that exam with every file of its report."""
    from echopilot_report.report import write_report

    folder = tmp_path_factory.mktemp("reported") / "record"
    shutil.copytree(exam, folder)
    write_report(folder)
    return folder


@pytest.fixture(scope="session")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exam of images too bad for any number; nobody writes into it."""
    from report_world import ONE_LOOK

    return _exam_of(ONE_LOOK, tmp_path_factory.mktemp("refused"), good=False)


def _exam_of(protocol: str, folder: Path, **how: bool) -> Path:
    from report_world import write_exam

    (folder / "protocol.yaml").write_text(protocol)
    write_exam(folder / "record", str(folder / "protocol.yaml"), **how)
    return folder / "record"
