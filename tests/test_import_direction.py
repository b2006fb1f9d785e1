"""The arrows between packages: each imports, starts and names only what stands below it; few import ROS."""

import ast
import re
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "ros2_ws" / "src"
FOLDERS = {
    name: {"perception": ROOT / "perception", "control": ROOT / "control"}.get(name, SOURCES / f"echopilot_{name}")
    / f"echopilot_{name}"
    for name in (
        "core",
        "wire",
        "sim",
        "perception",
        "scanner",
        "control",
        "robot",
        "exam",
        "report",
        "gz",
        "lab",
        "nodes",
        "sim_nodes",
        "bringup",
    )
}
BELOW = {
    "core": set(),
    "wire": {"core"},
    "sim": {"core"},
    "perception": {"core"},
    "scanner": {"core", "wire", "perception"},
    "control": {"core"},
    "robot": {"core", "control"},
    "exam": {"core", "wire", "perception", "control"},
    "report": {"core", "exam"},
    "gz": {"core", "sim", "control", "robot"},
    "lab": {"core", "wire", "sim", "perception", "scanner", "control", "robot", "exam", "report", "gz"},
    "nodes": {"core", "wire", "perception", "scanner", "control", "robot", "exam", "report"},
    "sim_nodes": {"core", "wire", "sim", "exam", "lab", "nodes", "gz"},
    "bringup": {"core", "wire", "perception", "exam", "report", "lab", "nodes", "sim_nodes"},
}
WITH_ROS = {"nodes", "sim_nodes", "bringup"}
ROS = {
    "rclpy",
    "echopilot_msgs",
    "ultrasound_msgs",
    "launch",
    "launch_ros",
    "ament_index_python",
    "tf2_ros",
    "cv_bridge",
}


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def imports(file: Path) -> set[str]:
    """Absolute module names that a file imports, wherever in the file that happens."""
    names = set()
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def strings(file: Path) -> list[str]:
    """All string constants of a file but its docstrings."""
    tree = tree_of(file)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    ]


def edges(package: str) -> dict[Path, set[str]]:
    return {file: imports(file) for file in sorted(FOLDERS[package].rglob("*.py"))}


@pytest.mark.parametrize("package", FOLDERS)
def test_a_package_imports_only_what_stands_below_it(package):
    files = edges(package)
    assert files, f"{FOLDERS[package]} is empty"
    wrong = [
        f"{file.relative_to(ROOT)}: {name}"
        for file, names in files.items()
        for name in sorted(names)
        if name.startswith("echopilot_")
        and not name.startswith("echopilot_msgs")
        and name.split(".")[0].removeprefix("echopilot_") not in BELOW[package] | {package}
    ]
    assert wrong == []


@pytest.mark.parametrize("package", FOLDERS)
def test_no_arrow_hides_in_a_string(package):
    """A module that is started or loaded by its name is an arrow as well."""
    wrong = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in sorted(FOLDERS[package].rglob("*.py"))
        for text in strings(file)
        for name in re.findall(r"\bechopilot_([a-z_]+)", text)
        if name in set(FOLDERS) - BELOW[package] - {package}
    ]
    assert wrong == []


@pytest.mark.parametrize("package", sorted(set(FOLDERS) - WITH_ROS))
def test_only_nodes_and_what_starts_them_import_ros(package):
    wrong = [
        f"{file.relative_to(ROOT)}: {name}"
        for file, names in edges(package).items()
        for name in sorted(names)
        if name.split(".")[0] in ROS or (name.split(".")[0].endswith("_msgs"))
    ]
    assert wrong == []


def test_gazebo_is_imported_by_its_own_package_alone():
    importers = {package for package in FOLDERS for names in edges(package).values() if "gz" in roots(names)}
    assert importers == {"gz"}


def roots(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def test_the_report_takes_only_the_record_and_its_types_from_the_exam():
    names = {name for found in edges("report").values() for name in found if name.startswith("echopilot_exam.")}
    allowed = ("echopilot_exam.record", "echopilot_exam.machine.states", "echopilot_exam.protocol.step")
    assert [name for name in sorted(names) if not name.startswith(allowed)] == []


def test_truth_is_read_by_sim_lab_and_the_nodes_of_the_virtual_patient_alone():
    readers = {
        str(file.relative_to(ROOT))
        for package in ("perception", "control", "exam", "report", "nodes", "bringup")
        for file, names in edges(package).items()
        if any("truth" in name.lower() for name in names)
    }
    assert readers == set()


@pytest.mark.parametrize("package", FOLDERS)
def test_no_circle_of_modules(package):
    """Imports inside functions count too; a package's __init__ re-exports, so only module to module is looked at."""
    root = FOLDERS[package]
    prefix = root.name
    modules = {
        ".".join((prefix, *file.relative_to(root).with_suffix("").parts)): names
        for file, names in edges(package).items()
        if file.name != "__init__.py"
    }
    graph = {module: {name for name in names if name in modules} for module, names in modules.items()}
    tuple(TopologicalSorter(graph).static_order())


def test_folders_that_would_hide_libraries_are_no_packages():
    assert [f for f in ("perception", "control", "launch", "tests") if (ROOT / f / "__init__.py").exists()] == []
