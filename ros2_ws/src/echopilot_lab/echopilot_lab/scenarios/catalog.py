"""Scenario files by name."""

import hashlib
from pathlib import Path

from pydantic import ValidationError

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line
from echopilot_core.guarded.yaml_input import read_yaml
from echopilot_lab.scenarios.model import Scenario

FOLDER = Path(__file__).resolve().parents[5] / "benchmarks" / "scenarios"
ALL = "all"


def scenario_names() -> tuple[str, ...]:
    """Names of the scenarios in `benchmarks/scenarios`, in order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load_scenario(name_or_path: str) -> Scenario:
    """Read a scenario by name or from a YAML file; raises EchoPilotError on anything wrong, with the valid choices."""
    path = path_of(name_or_path)
    try:
        scenario = Scenario.model_validate(read_yaml(path, f"scenario {path.name}"))
    except ValidationError as error:
        first = error.errors()[0]
        where = one_line(".".join(str(part) for part in first["loc"]), 80)
        raise EchoPilotError(f"scenario {path.name}, {where or 'as a whole'}: {one_line(first['msg'])}") from error
    if scenario.name != path.stem:
        raise EchoPilotError(
            f"scenario {path.name} calls itself '{one_line(scenario.name, 60)}'; name it '{path.stem}'"
        )
    return scenario


def path_of(name_or_path: str) -> Path:
    """The file of a scenario; raises EchoPilotError for an unknown name."""
    path = FOLDER / f"{name_or_path}.yaml"
    if name_or_path in scenario_names():
        return path
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml") or not path.is_file():
        known = ", ".join((ALL, *scenario_names()))
        raise EchoPilotError(f"unknown scenario '{one_line(name_or_path)}'; choose one of {known} or give a YAML file")
    return path


def sha256_of(name_or_path: str) -> str:
    """Hash of a scenario file."""
    return hashlib.sha256(path_of(name_or_path).read_bytes()).hexdigest()
