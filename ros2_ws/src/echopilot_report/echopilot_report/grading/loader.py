"""Reads a reference set from YAML; whatever is wrong with it is one line."""

from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line
from echopilot_core.guarded.yaml_input import read_yaml
from echopilot_report.grading.reference import ReferenceSet

SET_FOLDER = Path(__file__).parent / "sets"


def set_names() -> tuple[str, ...]:
    """Names of the reference sets that come with the package."""
    return tuple(sorted(path.stem for path in SET_FOLDER.glob("*.yaml")))


@lru_cache(maxsize=64)
def shipped_set(name: str) -> ReferenceSet:
    """A set of the package, read once."""
    return _read(SET_FOLDER / f"{name}.yaml")


def load_set(name_or_path: str) -> ReferenceSet:
    """A set by name or from a YAML file; raises EchoPilotError on anything wrong, with the valid choices."""
    if name_or_path in set_names():
        return shipped_set(name_or_path)
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml") or not path.is_file():
        raise EchoPilotError(
            f"unknown reference set '{one_line(name_or_path)}'; "
            f"choose one of {', '.join(set_names())} or give a YAML file"
        )
    return _read(path)


def _read(path: Path) -> ReferenceSet:
    where = f"reference set {path.name}"
    document = read_yaml(path, where)
    if not isinstance(document, dict):
        raise EchoPilotError(f"{where} must be a mapping")
    try:
        result = ReferenceSet.model_validate(document)
    except ValidationError as error:
        raise EchoPilotError(f"{where}: {_first(error)}") from error
    if result.name != path.stem:
        raise EchoPilotError(f"{where}: name is '{one_line(result.name, 60)}'; it must be that of the file")
    return result


def _first(error: ValidationError) -> str:
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"])
    words = {"extra_forbidden": "unknown key", "missing": "is missing"}.get(fault["type"], fault["msg"])
    return one_line(f"{place}: {words}".removeprefix(": ").replace("Value error, ", ""), 300)
