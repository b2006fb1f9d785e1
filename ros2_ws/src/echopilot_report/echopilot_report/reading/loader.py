"""Reads a reference set from YAML; whatever is wrong with it is one line."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from echopilot_core import EchoPilotError
from echopilot_report.reading.reference import ReferenceSet

SET_FOLDER = Path(__file__).parent / "sets"


class _OneKeyOnce(yaml.SafeLoader):
    """YAML where a key that stands twice is an error, not a silent choice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"key '{key}' stands twice")
        return super().construct_mapping(node, deep)


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
            f"unknown reference set '{name_or_path}'; choose one of {', '.join(set_names())} or give a YAML file"
        )
    return _read(path)


def _read(path: Path) -> ReferenceSet:
    where = f"reference set {path.name}"
    try:
        document = yaml.load(path.read_bytes(), Loader=_OneKeyOnce)
    except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
        raise EchoPilotError(f"{where} cannot be read: {(str(error).splitlines() or [''])[0]}") from error
    if not isinstance(document, dict):
        raise EchoPilotError(f"{where} must be a mapping")
    try:
        result = ReferenceSet.model_validate(document)
    except ValidationError as error:
        raise EchoPilotError(f"{where}: {_first(error)}") from error
    if result.name != path.stem:
        raise EchoPilotError(f"{where}: name is '{result.name}'; it must be that of the file")
    return result


def _first(error: ValidationError) -> str:
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"])
    words = {"extra_forbidden": "unknown key", "missing": "is missing"}.get(fault["type"], fault["msg"])
    return " ".join(f"{place}: {words}".removeprefix(": ").replace("Value error, ", "").split())
