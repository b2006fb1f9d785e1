"""Makes the exam tests' scripted world importable here too; one exam and one report for all tests."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1] / "exam"), str(Path(__file__).parent)]


@pytest.fixture(scope="session")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole exam of the scripted world with clips; nobody writes into it."""
    from report_world import QUICK_FULL, write_exam

    folder = tmp_path_factory.mktemp("exam")
    (folder / "full.yaml").write_text(QUICK_FULL)
    write_exam(folder / "record", str(folder / "full.yaml"), clips=True)
    return folder / "record"


@pytest.fixture(scope="session")
def reported(exam: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of that exam with every file of its report."""
    from echopilot_report import write_report

    folder = tmp_path_factory.mktemp("reported") / "record"
    shutil.copytree(exam, folder)
    write_report(folder)
    return folder


@pytest.fixture(scope="session")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exam of pictures too bad for any number; nobody writes into it."""
    from report_world import ONE_LOOK, write_exam

    folder = tmp_path_factory.mktemp("refused")
    (folder / "look.yaml").write_text(ONE_LOOK)
    write_exam(folder / "record", str(folder / "look.yaml"), good=False)
    return folder / "record"
