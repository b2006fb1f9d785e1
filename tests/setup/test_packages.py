"""What the two build descriptions say agrees: one version, all packages, a root package that depends on each."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    *(ROOT / f / "package.xml" for f in (".", "perception", "control")),
    *sorted((ROOT / "ros2_ws/src").glob("echopilot_*/package.xml")),
]
PACKAGES = {tree.findtext("name"): tree for tree in (ET.parse(f).getroot() for f in FILES)}
SETTINGS = (ROOT / "pyproject.toml").read_text()


def test_every_package_has_the_version_of_the_distribution():
    version = re.search(r'^version = "(.+)"$', SETTINGS, re.MULTILINE).group(1)
    assert {name: tree.findtext("version") for name, tree in PACKAGES.items()} == dict.fromkeys(PACKAGES, version)


def test_the_root_package_depends_on_all_the_others():
    depends = {element.text for element in PACKAGES["echopilot"].iter("exec_depend")}
    assert {name for name in PACKAGES if name != "echopilot"} <= depends


def test_the_distribution_holds_every_python_package():
    roots = re.search(r"^where = \[(.*?)\]", SETTINGS, re.MULTILINE | re.DOTALL).group(1)
    found = {p.name for root in re.findall(r'"(.+?)"', roots) for p in (ROOT / root).glob("echopilot_*") if p.is_dir()}
    assert found == set(PACKAGES) - {"echopilot", "echopilot_msgs", "echopilot_description"}


def test_both_colcon_settings_name_the_same_folders():
    def folders(file: Path) -> set[Path]:
        paths = re.findall(r"base-paths: \[(.*)\]", file.read_text())
        assert len(paths) == 2
        return {(file.parent / p.strip()).resolve() for p in paths[0].split(",")}

    assert folders(ROOT / "colcon_defaults.yaml") == folders(ROOT / "ros2_ws" / "colcon_defaults.yaml")
