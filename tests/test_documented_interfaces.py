"""The interfaces that docs/architecture.md lists exist, and take the arguments that it names, in that order."""

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TEXT = (Path(__file__).resolve().parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^### (echopilot_\w+|The robot side).*?$(.*?)(?=^#{2,3} )", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"(?<!\w)(\.?[\w.]+)\(")


def inside(text: str, opened: int) -> str:
    """What stands between the bracket at `opened` and its partner."""
    depth = 0
    for at in range(opened, len(text)):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0:
            return text[opened + 1 : at]
    raise AssertionError(f"a bracket stays open: {text[opened : opened + 80]}")


def names(arguments: str) -> list[str]:
    """Names of arguments as written: `x (3,)`, `x: int`, `x=3` and `x` are called x."""
    flat = re.sub(r"\([^()]*\)|\[[^\[\]]*\]|#.*", "", arguments)
    parts = [re.split(r"[:= ]", part.strip(), maxsplit=1)[0] for part in flat.split(",")]
    return [part for part in parts if re.fullmatch(r"[a-zA-Z_]\w*", part)]


def documented() -> Iterator[tuple[str, str, list[str]]]:
    """Package, dotted name and arguments of each call that begins a line of a listing, or follows on the same line."""
    for package, section in SECTION.findall(TEXT):
        package = "echopilot_control" if package.startswith("The") else package
        for block in BLOCK.findall(section):
            owner = ""
            for line in re.sub(r",\n +", ", ", block).splitlines():
                code = line.split("#")[0] if "(" not in line.split("#")[-1] else line
                for call in CALL.finditer(code.split(" -> ")[0]):
                    name = call.group(1)
                    if name.startswith("."):
                        yield package, owner + name, names(inside(code, call.end() - 1))
                    elif not code[: call.start()].strip():
                        owner = name
                        yield package, name, names(inside(code, call.end() - 1))


def resolved(package: str, dotted: str) -> object:
    """The object of that name below a package; its modules are imported on the way."""
    found: object = importlib.import_module(package)
    path = package
    for part in dotted.split("."):
        path = f"{path}.{part}"
        if inspect.ismodule(found) and not hasattr(found, part):
            importlib.import_module(path)
        found = getattr(found, part)
    return found


LISTED = list(documented())


def test_the_listings_are_read() -> None:
    assert len(LISTED) > 30 and {package for package, *_ in LISTED} >= {"echopilot_sim", "echopilot_exam"}


@pytest.mark.parametrize(("package", "name", "arguments"), LISTED, ids=[f"{p}.{n}" for p, n, _ in LISTED])
def test_a_documented_interface_is_there_with_its_arguments(package: str, name: str, arguments: list[str]) -> None:
    try:
        found = resolved(package, name)
    except ModuleNotFoundError as error:
        if error.name in ("torch", "monai"):
            pytest.skip(f"needs {error.name}")
        raise
    assert callable(found)
    takes = [parameter for parameter in inspect.signature(found).parameters if parameter != "self"]
    assert [argument for argument in arguments if argument in takes] == arguments
    assert [parameter for parameter in takes if parameter in arguments] == arguments
