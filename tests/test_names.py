"""Names are the field's terms, and each stands for one thing."""

import ast
import re
import subprocess
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from test_import_direction import ROOT

RETIRED = {
    # class, function and module names that gave way to the term of the field
    r"\bSeen\b(?=[(\],:])": "PerceptionResult",
    r"\bclass (Tissue|Convention|EndPoint|Moment|Smoother|VelocityFollower|PictureWatch|Homing)\b": "see CONTRIBUTING",
    r"\b(one_heart|look_round|chaff|probe_face|picture_thread|draw_patient|run_loop)\b": "see CONTRIBUTING",
    # words
    r"\brooms\b": "package",
    r"\bpictures?\b": "image",
    r"\bcallipers?\b": "caliper",
    r"\bbehaviours?\b": "behavior",
    r"\bcolours?\b": "color",
    r"\bgr[e]ys?\b": "gray",
    r"\bfib(re|res)\b": "fiber",
}
RIDDLE = re.compile(r"(What|How|Where|Who|Which|When|Why|Is|Are|Does|Has)\b")
TEXTS = ("*.py", "*.md", "*.msg", "*.srv", "*.action", "*.yaml", "*.html", "*.j2", "*.js", "*.css", "*.launch.py")
INTERFACES = re.compile(  # words that users' files, command lines and weights hold
    r"--picture\b|\"pictures?\":|^pictures:|\bpicture: Annotated|console, picture(, kept)?\)|patients, picture\)|"
    r"scenario\.pictures|\bpictures: Literal|"
    r"`pictures`|\"pictures: (none|some)\".*|startswith\(\"colours\.\"\)|(self|network)\.colours\b"
)
APART = ("CHANGELOG.md", "CONTRIBUTING.md", "docs/adr/", "tests/test_names.py", "tests/data/")


@cache
def tracked(*patterns: str) -> tuple[Path, ...]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(ROOT / name for name in listed.splitlines() if not name.startswith(APART) and (ROOT / name).is_file())


@cache
def sources() -> tuple[tuple[Path, ast.Module], ...]:
    files = [f for f in tracked("*.py") if not f.is_relative_to(ROOT / "tests")]
    return tuple((file, ast.parse(file.read_text(encoding="utf-8"))) for file in files)


def where(file: Path, line: int) -> str:
    return f"{file.relative_to(ROOT)}:{line}"


@pytest.mark.parametrize("pattern", RETIRED)
def test_a_retired_word_is_used_nowhere(pattern: str) -> None:
    word = re.compile(pattern, re.IGNORECASE if pattern.islower() else 0)
    found = [
        f"{where(file, number)} {line.strip()[:80]}"
        for file in tracked(*TEXTS)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if word.search(INTERFACES.sub("", line))
    ]
    assert found == [], f"say {RETIRED[pattern]}"


def test_a_class_name_stands_for_one_thing() -> None:
    places = defaultdict(list)
    for file, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(where(file, node.lineno))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_the_first_line_of_a_module_says_what_it_holds() -> None:
    texts = {where(file, 1): ast.get_docstring(tree) or "" for file, tree in sources()}
    assert [place for place, text in texts.items() if not text and not place.endswith("__init__.py:1")] == []
    assert [f"{place} {text.splitlines()[0]}" for place, text in texts.items() if RIDDLE.match(text)] == []


def test_public_functions_have_docstrings() -> None:
    """Of the packages; nodes' callbacks, methods of protocols with a stated class and overrides included."""
    bare = [
        where(file, node.lineno) + f" {node.name}"
        for file, tree in sources()
        if "/echopilot_" in str(file)
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and node.name != "main"
        if not ast.get_docstring(node)
    ]
    assert bare == []
