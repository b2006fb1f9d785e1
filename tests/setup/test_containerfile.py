"""The Containerfile, as far as can be told without a container engine: what it copies, its base, its commands."""

import re
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib", reason="needs Python 3.11")
ROOT = Path(__file__).resolve().parents[2]
INSTRUCTIONS = {"ARG", "FROM", "ENV", "RUN", "WORKDIR", "COPY", "ENTRYPOINT", "CMD"}
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def parsed() -> list[tuple[str, str]]:
    """Instructions with what follows them, lines joined."""
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    lines = re.sub(r"[ \t]*\\\n[ \t]*", " ", text).splitlines()
    return [(kind, rest) for kind, _, rest in (line.partition(" ") for line in lines if line.strip())]


FILE = parsed()
RUNS = [rest for kind, rest in FILE if kind == "RUN"]


def copied() -> list[str]:
    return [source for kind, rest in FILE if kind == "COPY" for source in rest.split()[:-1]]


def test_it_has_only_known_instructions_and_begins_with_a_base_that_has_a_tag() -> None:
    assert {kind for kind, _ in FILE} <= INSTRUCTIONS
    base = dict(rest.split("=", 1) for kind, rest in FILE if kind == "ARG")["BASE"]
    assert re.fullmatch(r"[\w.-]+(/[\w.-]+)+:[\w.-]*jazzy[\w.-]*", base), base
    assert [rest for kind, rest in FILE if kind == "FROM"] == ["${BASE}"]


def test_all_that_is_copied_exists_and_all_that_is_installed_is_copied() -> None:
    sources = copied()
    assert [source for source in sources if not (ROOT / source).exists()] == []
    setuptools = SETTINGS["tool"]["setuptools"]
    data_files = [file for files in setuptools["data-files"].values() for file in files]
    needed = [*setuptools["packages"]["find"]["where"], *data_files]
    needed += [SETTINGS["project"]["readme"], "package.xml", "CMakeLists.txt", "launch"]
    bases = re.search(r"base-paths: \[(.*)\]", (ROOT / "colcon_defaults.yaml").read_text())[1].split(", ")
    needed += [base for base in bases if base != "."]
    assert [path for path in needed if path.split("/")[0] not in sources] == []


@pytest.mark.parametrize("command", ["python3 -m venv", "pip install -e .", "rosdep install", "colcon build"])
def test_commands_are_those_of_the_readme(command: str) -> None:
    documented = next(
        part.strip() for line in README.splitlines() for part in line.split("&&") if part.strip().startswith(command)
    )
    words = [word.strip("'") for word in documented.split() if word != "."]
    run = next(run for run in RUNS if command.removesuffix(" .") in run)
    given = run.replace('".[${EXTRAS}]"', ".").replace("'", "").split()
    assert set(words) <= set(given), f"{documented!r} is not in {run!r}"


def test_extras_exist_and_lists_of_apt_packages_are_removed_again() -> None:
    extras = dict(rest.split("=", 1) for kind, rest in FILE if kind == "ARG")["EXTRAS"].split(",")
    assert set(extras) <= set(SETTINGS["project"]["optional-dependencies"])
    assert all("rm -rf /var/lib/apt/lists/*" in run for run in RUNS if "apt-get update" in run)


def test_it_starts_in_the_workspace_that_it_builds() -> None:
    where = dict(FILE)["WORKDIR"]
    assert f". {where}/install/setup.sh" in dict(FILE)["ENTRYPOINT"]
    assert (ROOT / "launch" / dict(FILE)["CMD"].split('"')[-2]).is_file()
