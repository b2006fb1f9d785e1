"""All that docs/jetson.md installs by pip exists as wheels for a Jetson, beside the NumPy 1 of apt's ROS."""

import json
import re
import urllib.request
from pathlib import Path

import pytest

from for_jetson import JETSONS, Jetson

tomllib = pytest.importorskip("tomllib", reason="needs Python 3.11")
ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "jetson.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WHEELS = [line for line in (ROOT / "ros-jazzy-wheels.txt").read_text().splitlines() if line and line[0] != "#"]
OF_ROS = [line for line in WHEELS if line.startswith("ros-")]


def extras_of_the_page() -> list[str]:
    """Extras that the page installs."""
    return sorted({e for names in re.findall(r"pip install -e '\.\[([\w,]+)\]'", PAGE) for e in names.split(",")})


@pytest.mark.usefixtures("pypi")
@pytest.mark.parametrize("jetson", JETSONS, ids=lambda jetson: jetson.name)
def test_every_library_has_a_wheel_for_a_jetson(jetson: Jetson, tmp_path: Path) -> None:
    extras = extras_of_the_page()
    assert "tensorrt" in extras
    optional = [line for name in extras for line in PROJECT["optional-dependencies"][name]]
    wheels = jetson.wheels([*PROJECT["dependencies"], *optional, "numpy<2"], tmp_path)
    assert [w for w in wheels if not re.search(r"(aarch64|-none-any)\.whl$", w)] == []
    asked = {re.match(r"[\w.-]+", line)[0].lower().replace("-", "_") for line in PROJECT["dependencies"] + optional}
    found = {wheel.split("-")[0].lower().replace(".", "_") for wheel in wheels}
    assert {name.replace(".", "_") for name in asked} <= found
    assert any(wheel.startswith("numpy-1.26") for wheel in wheels)


@pytest.mark.usefixtures("pypi")
def test_every_build_tool_has_a_wheel_for_a_jetson_but_empy_which_is_python_alone(tmp_path: Path) -> None:
    tools = [line for line in WHEELS if line not in OF_ROS and not line.startswith("empy")]
    assert len(tools) >= 5  # colcon asks for empy: without dependencies
    wheels = JETSONS[1].wheels(["--no-deps", *tools], tmp_path)
    assert len(wheels) == len(tools) and all(w.endswith(("aarch64.whl", "any.whl")) for w in wheels)


@pytest.mark.parametrize("line", [OF_ROS[0], next(line for line in OF_ROS if "rosidl-generator-py" in line)])
def test_ros_itself_has_none_so_the_page_takes_it_from_apt(pypi: str, line: str) -> None:
    name, release = re.match(r"([a-z0-9-]+)(?:\[\w+\])?==([\w.]+)", line).groups()
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
    with urllib.request.urlopen(urllib.request.Request(f"{pypi}/{name}/", headers=accept), timeout=30) as answer:
        files = [file["filename"] for file in json.load(answer)["files"]]
    ours = [file for file in files if f"-{release}-" in file]
    assert ours and not [file for file in ours if "aarch64" in file], "there are wheels now: say so in docs/jetson.md"
    assert "ros-jazzy-ros-base" in PAGE
