"""What several packages have to agree on is declared once, and nobody spells it again."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from echopilot_core import ControlPhase, ExamPhase, MeasurementName, measurement_name
from test_import_direction import FOLDERS, ROOT


def literals(package: str) -> Iterator[tuple[Path, int, object]]:
    """Every constant in the sources of a package: file, line, value."""
    for file in sorted(FOLDERS[package].rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
            if isinstance(node, ast.Constant):
                yield file, node.lineno, node.value


@pytest.mark.parametrize("package", FOLDERS)
def test_nobody_spells_the_name_of_a_measurement(package: str) -> None:
    words = {str(name) for name in MeasurementName}
    spelled = [
        f"{file.relative_to(ROOT)}:{line} {value!r}"
        for file, line, value in literals(package)
        if value in words and file != Path(measurement_name.__file__)
    ]
    assert spelled == []


@pytest.mark.parametrize("package", sorted(set(FOLDERS) - {"sim", "perception"}))
def test_nobody_spells_the_state_of_an_exam_or_of_the_controller(package: str) -> None:
    words = {phase.name for kind in (ExamPhase, ControlPhase) for phase in kind}
    spelled = [
        f"{file.relative_to(ROOT)}:{line} {value!r}" for file, line, value in literals(package) if value in words
    ]
    assert spelled == []
