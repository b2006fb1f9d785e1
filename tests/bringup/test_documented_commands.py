"""Commands and options that the documentation names are those of the command line."""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from echopilot_bringup.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "Makefile", *sorted((ROOT / "docs").glob("*.md"))]
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
ANY = {"--help"}


def called(line: str) -> Iterator[tuple[list[str], set[str]]]:
    """Words and options after each `echopilot` in a line; the alternatives of `a|b` are told one by one."""
    for match in re.finditer(r"(?<![\w/.-])echopilot (?=[a-z])([^\n`;&)]*)", line):
        words = match.group(1).split("#")[0].split()
        options = set(OPTION.findall(match.group(1).split("#")[0]))
        named = [word.split("|") for word in words if re.fullmatch(r"[a-z][a-z|-]*", word)]
        for alternatives in product(*named[:2]):
            yield list(alternatives), options


def found(words: list[str]) -> tuple[str, Any]:
    """The command that the words name, and its name; KeyError for one that is not there."""
    command, name = get_command(app), "echopilot"
    for word in words:
        if not hasattr(command, "commands"):  # the word is an argument
            break
        name, command = f"{name} {word}", command.commands[word]
    return name, command


def written() -> Iterator[tuple[str, list[str], set[str]]]:
    top: Any = get_command(app)
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ").replace("\\|", "|")
        for number, line in enumerate(text.splitlines(), 1):
            if "ros2 launch" in line:
                continue
            for words, options in called(line):
                if "-" in words[0] or words[0] in top.commands or options:
                    yield f"{page.name}:{number}", words, options


@pytest.mark.parametrize(("place", "words", "options"), list(written()))
def test_a_documented_command_takes_the_documented_options(place: str, words: list[str], options: set[str]) -> None:
    name, command = found(words)
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert options - ANY <= known, f"{place}: {name} takes {', '.join(sorted(known))}"


def test_the_pages_are_read() -> None:
    assert len(list(written())) > 60
