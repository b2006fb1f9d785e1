"""Reads objects back as another program would."""

import shutil
import subprocess
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread


def objects(folder: Path) -> dict[str, Dataset]:
    """Every object of a report by its file name."""
    return {path.name: dcmread(path) for path in sorted((folder / "dicom").iterdir())}


def numbers(report: Dataset) -> list[Dataset]:
    """Every measured number of a structured report; not the spread that belongs to one."""
    found = []

    def walk(items: list[Dataset]) -> None:
        for item in items:
            if item.ValueType == "NUM" and item.RelationshipType == "CONTAINS":
                found.append(item)
            walk(item.get("ContentSequence", []))

    walk(report.ContentSequence)
    return found


def children(item: Dataset, name: str) -> list[Dataset]:
    """Items under `item` whose concept has this meaning."""
    return [c for c in item.ContentSequence if c.ConceptNameCodeSequence[0].CodeMeaning == name]


def validator() -> str:
    """Path of dciodvfy; skips the test where it is not installed."""
    path = shutil.which("dciodvfy")
    if path is None:
        pytest.skip("dciodvfy is not installed (Debian: dicom3tools)")
    return path


def errors_of(path: Path) -> list[str]:
    """What dciodvfy finds wrong with a file."""
    result = subprocess.run([validator(), str(path)], capture_output=True, text=True, timeout=60, check=False)
    lines = (result.stdout + result.stderr).splitlines()
    assert lines, "the validator said nothing at all"
    return [line for line in lines if line.startswith("Error")]
