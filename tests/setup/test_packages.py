"""What the build descriptions say is true: one version, all packages, and each depends on what it imports."""

import ast
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "ros2_ws" / "src"
FILES = [*(ROOT / f / "package.xml" for f in (".", "perception", "control")), *SOURCES.glob("*_*/package.xml")]
PACKAGES = {tree.findtext("name"): (file.parent, tree) for file in FILES for tree in (ET.parse(file).getroot(),)}
WITH_PYTHON = sorted(set(PACKAGES) - {"echopilot", "echopilot_msgs", "ultrasound_msgs", "echopilot_description"})
OF_ROS = re.compile(
    r"rclpy|rosidl_runtime_py|launch|launch_ros|ament_index_python|\w+_(msgs|srvs|interfaces)|echopilot_\w+"
)
NOT_IMPORTED = {  # what a package runs or reads without importing it
    "echopilot_sim": {"echopilot_description"},
    "echopilot_wire": {"echopilot_msgs", "ultrasound_msgs"},  # definitions, by which it knows the messages
    "echopilot_bringup": {"echopilot_sim_nodes"},
    "echopilot": {"ros2launch", "rmw_fastrtps_cpp", "rviz2", *PACKAGES} - {"echopilot"},
}
SETTINGS = (ROOT / "pyproject.toml").read_text()


def exec_depends(package: str) -> list[str]:
    return [element.text for element in PACKAGES[package][1].iter("exec_depend")]


def imported(package: str) -> set[str]:
    """Packages of ROS and of ours that the Python files of a package import, those of its scripts and launch files."""
    folder, names = PACKAGES[package][0], set()
    roots = [folder / "launch"] if package == "echopilot" else [folder / package, folder / "scripts"]
    files = [f for root in roots if root.is_dir() for f in root.rglob("*") if f.suffix == ".py" or f.parent == root]
    for file in files:
        if file.suffix not in ("", ".py") or not file.is_file():
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                names.add(node.module.split(".")[0])
    return {name for name in names if OF_ROS.fullmatch(name)} - {package}


def test_every_package_has_the_version_of_the_distribution():
    version = re.search(r'^version = "(.+)"$', SETTINGS, re.MULTILINE).group(1)
    assert {name: tree.findtext("version") for name, (_, tree) in PACKAGES.items()} == dict.fromkeys(PACKAGES, version)


@pytest.mark.parametrize("package", ["echopilot", *WITH_PYTHON])
def test_a_package_depends_on_what_it_imports_and_on_nothing_else(package):
    depends = exec_depends(package)
    assert len(depends) == len(set(depends))
    assert set(depends) == imported(package) | NOT_IMPORTED.get(package, set())


def test_the_distribution_holds_every_python_package():
    for key in ("where", "mypy_path"):
        roots = re.search(rf"^{key} = \[(.*?)\]", SETTINGS, re.MULTILINE | re.DOTALL).group(1)
        folders = [ROOT / root for root in re.findall(r'"(.+?)"', roots)]
        assert sorted(p.name for f in folders for p in f.glob("echopilot_*") if p.is_dir()) == WITH_PYTHON
    checked = re.search(r"^packages = \[(.*?)\]", SETTINGS, re.MULTILINE | re.DOTALL).group(1)
    assert sorted(re.findall(r'"(.+?)"', checked)) == WITH_PYTHON


def test_both_colcon_settings_name_the_same_folders():
    def folders(file: Path) -> set[Path]:
        paths = re.findall(r"^(?:build|list|test):\n  base-paths: \[(.*)\]", file.read_text(), re.MULTILINE)
        assert len(paths) == 3 and len(set(paths)) == 1
        return {(file.parent / p.strip()).resolve() for p in paths[0].split(",")}

    assert folders(ROOT / "colcon_defaults.yaml") == folders(ROOT / "ros2_ws" / "colcon_defaults.yaml")


@pytest.mark.parametrize("package", ["echopilot", "echopilot_description", *WITH_PYTHON])
def test_colcon_test_runs_the_tests_of_a_package(package):
    folder, description = PACKAGES[package]
    named = re.findall(r"^echopilot_add_tests\((\w+)\)$", (folder / "CMakeLists.txt").read_text(), re.MULTILINE)
    own = "setup" if package == "echopilot" else package.removeprefix("echopilot_")
    assert named == [own] and any((ROOT / "tests" / own).rglob("test_*.py"))
    assert [element.text for element in description.iter("test_depend")] == ["ament_cmake_pytest"]


@pytest.mark.parametrize("package", [p for p in WITH_PYTHON if (PACKAGES[p][0] / "scripts").is_dir()])
def test_every_installed_program_is_a_module_with_a_main(package):
    folder = PACKAGES[package][0]
    for script in (folder / "scripts").iterdir():
        module = re.search(rf"from {package}\.([\w.]+) import main", script.read_text()).group(1)
        assert script.stat().st_mode & 0o111, f"{script} is not executable"
        assert "\ndef main(" in (folder / package / f"{module.replace('.', '/')}.py").read_text()


def test_supervisor_starts_modules_that_are_there():
    for file in (SOURCES / "echopilot_bringup" / "config").glob("supervisord*.conf"):
        modules = re.findall(r" -m (\S+)\.(\w+) ", file.read_text())
        assert len(modules) >= 4
        for package, module in modules:
            assert (PACKAGES[package][0] / package / f"{module}.py").is_file()
            assert (PACKAGES[package][0] / "scripts" / module).is_file(), f"ros2 run {package} {module}"
