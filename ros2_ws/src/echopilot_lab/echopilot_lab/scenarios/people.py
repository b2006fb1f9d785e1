"""The patient of a scenario."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

from echopilot_core import EchoPilotError
from echopilot_lab.scenarios.model import PatientSpec
from echopilot_sim.anatomy import Patient, draw_patient, named_patient, validate


def patient_of(spec: PatientSpec) -> Patient:
    """The seeded or named patient with its changes; raises EchoPilotError for an unknown field or absurd number."""
    patient = named_patient(spec.name) if spec.seed is None else draw_patient(spec.seed)
    for path, value in spec.changes.items():
        patient = _changed(patient, path.split("."), value, path)
    validate(patient)
    return patient


def _changed(part: Any, path: list[str], value: float, whole: str) -> Any:
    names = [field.name for field in fields(part)] if is_dataclass(part) else []
    if path[0] not in names:
        raise EchoPilotError(f"patient has no '{whole}'; at '{path[0]}' choose one of {', '.join(names) or 'nothing'}")
    inner = getattr(part, path[0])
    if len(path) > 1:
        return replace(part, **{path[0]: _changed(inner, path[1:], value, whole)})
    if not isinstance(inner, int | float):
        raise EchoPilotError(f"'{whole}' of the patient is not a number")
    return replace(part, **{path[0]: type(inner)(value)})
