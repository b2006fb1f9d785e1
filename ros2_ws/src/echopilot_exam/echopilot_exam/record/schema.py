"""JSON Schema of the record's files, generated from the dataclasses that read them into `exam.schema.json`.

After a change of the dataclasses:
python -c 'from echopilot_exam.record.schema import *; SCHEMA_FILE.write_text(schema_text())'
"""

import dataclasses
import json
import types
import typing
from enum import Enum
from pathlib import Path
from typing import Any

from echopilot_core import ExamPhase, Finding, ImagingParameters, Measurement, ProbeGeometry, SectorBox, Suspicion
from echopilot_exam.machine.states import Series, StepResult
from echopilot_exam.record.model import (
    IMAGING_KEYS,
    POINTS,
    SCHEMA_REVISION,
    SCHEMA_VERSION,
    Event,
    PerceptionSample,
    RecordHeader,
)

SCHEMA_FILE = Path(__file__).with_name("exam.schema.json")

STRING, INTEGER, BOOLEAN = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
NUMBER = {"type": ["number", "null"], "description": "null: not a number"}


def record_schema() -> dict[str, Any]:
    """The schema: its root is exam.json; `$defs` holds the lines of each .jsonl file, key frames and clips."""
    defs: dict[str, Any] = {}
    frame = {"geometry": _of(ProbeGeometry, defs), "sector": _of(SectorBox, defs)}
    defs["seen.jsonl"] = _of(PerceptionSample, defs)
    defs["events.jsonl"] = _of(Event, defs)
    defs["control.jsonl"] = _object(
        {
            "stamp_ns": INTEGER,
            "tick": INTEGER,
            "phase": _of(ExamPhase, defs),
            **dict.fromkeys(("contact_force_n", "setpoint_n", "soft_cap_n", "trip_force_n"), NUMBER),
            **dict.fromkeys(("view_score", "station_m"), NUMBER),
            "pose": _array(NUMBER) | {"minItems": 12, "maxItems": 12, "description": "T_base_probe, rows 1 to 3"},
        }
    )
    defs["keyframes/*.json"] = _object(
        {
            "sequence": INTEGER,
            "stamp_ns": INTEGER,
            "view": STRING,
            "reason": STRING,
            **frame,
            "measurements": _array(_of(Measurement, defs)),
            "preset": STRING,
        },
        optional=("preset",),
    )
    defs["clips/*/clip.json"] = _object(
        {
            **dict.fromkeys(("name", "view", "kind"), STRING),
            **dict.fromkeys(("step_index", "attempt"), INTEGER),
            **frame,
            "imaging": _imaging(defs),
            **dict.fromkeys(("labels_origin_x_m", "labels_origin_y_m", "labels_spacing_m"), NUMBER),
        }
    )
    defs["clips/*/frames.jsonl"] = _object({"sequence": INTEGER, "stamp_ns": INTEGER})
    exam = _object(
        {
            "schema": {"const": SCHEMA_VERSION},
            "revision": INTEGER | {"minimum": 0, "description": f"{SCHEMA_REVISION} when this file was made"},
            "notice": STRING,
            "header": _of(RecordHeader, defs),
            "steps": _array(STRING),
            **dict.fromkeys(("started_ns", "updated_ns"), INTEGER),
            "state": STRING,
            "complete": BOOLEAN,
            "message": STRING,
            "results": _array(_of(StepResult, defs)),
            "measurements": _array(_of(Measurement, defs)),
            "findings": _array(_of(Finding, defs)),
            "series": _array(_of(Series, defs)),
            "suspicions": _array(_of(Suspicion, defs)),
            "landmarks": {"anyOf": [_landmarks(), {"type": "null"}]},
            "lockstep": _object({"breaks": INTEGER, "by_node": {"type": "object", "additionalProperties": INTEGER}}),
        },
        optional=("revision", "notice", "landmarks", "lockstep", "suspicions"),
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "EchoPilot exam record: exam.json",
        **exam,
        "$defs": defs,
    }


def schema_text() -> str:
    """The schema as it is shipped."""
    return json.dumps(record_schema(), indent=1) + "\n"


def _imaging(defs: dict[str, Any]) -> dict[str, Any]:
    """Reference to the scanner settings of a clip."""
    reference = _of(ImagingParameters, defs)
    properties = defs[ImagingParameters.__name__]["properties"]
    defs[ImagingParameters.__name__]["properties"] = {key: properties[key] for key in IMAGING_KEYS}
    return reference


def _landmarks() -> dict[str, Any]:
    point = _array({"type": "number"}) | {"minItems": 3, "maxItems": 3, "description": "[m] in base"}
    return _object({"stamp_ns": INTEGER, **dict.fromkeys(POINTS, point)})


def _object(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _of(hint: Any, defs: dict[str, Any]) -> dict[str, Any]:
    """Schema of a type as `codec.plain` writes it; dataclasses go into `defs`."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        inner = next(a for a in typing.get_args(hint) if a is not type(None))
        return {"anyOf": [_of(inner, defs), {"type": "null"}]}
    if origin is tuple:
        return _array(_of(typing.get_args(hint)[0], defs))
    if hint in (bool, int, str, float):
        plain: dict[type, dict[str, Any]] = {bool: BOOLEAN, int: INTEGER, str: STRING, float: NUMBER}
        return plain[hint]
    if isinstance(hint, type) and issubclass(hint, str) and issubclass(hint, Enum):
        return {"enum": [str(member) for member in hint]}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [member.name for member in hint]}
    if not dataclasses.is_dataclass(hint):
        raise TypeError(f"no schema for {hint}")
    name = typing.cast(Any, hint).__name__
    if name not in defs:
        hints = typing.get_type_hints(hint)
        fields = dataclasses.fields(hint)
        optional = tuple(f.name for f in fields if f.default is not dataclasses.MISSING)
        defs[name] = _object({f.name: _of(hints[f.name], defs) for f in fields}, optional)
    return {"$ref": f"#/$defs/{name}"}
