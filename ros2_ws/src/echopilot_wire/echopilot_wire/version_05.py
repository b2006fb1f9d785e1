"""Messages of recordings made by EchoPilot 0.5, turned into those of today. Nothing else may use this module."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from echopilot_core import ALL_HEADS, GoalKind, HeadName, MeasurementName, Outcome
from echopilot_wire.perception import HAS_FIELDS
from echopilot_wire.store import STORE, Message, echopilot_msgs, geometry_msgs, sensor_msgs, ultrasound_msgs

_OURS = "echopilot_msgs/msg/"
NEW_NAMES = {
    f"{_OURS}{name}": f"ultrasound_msgs/msg/{name}" for name in ("UltrasoundFrame", "ProbeGeometry", "SectorBox")
}
"""Types that moved to another package."""

_HEADS = ALL_HEADS - {HeadName.FINDINGS}
_EMPTY = np.zeros(0)


def _frame(m: Message) -> Message:
    return ultrasound_msgs.UltrasoundFrame(
        header=m.header,
        sequence=m.sequence,
        steady_stamp=m.steady_stamp,
        image=m.image,
        geometry=m.geometry,
        sector=m.sector,
        mode=m.mode,
        frozen=m.frozen,
        probe_id=m.probe_id,
        imaging=ultrasound_msgs.ImagingParameters(
            preset=m.preset,
            depth=m.geometry.depth,
            gain=m.gain,
            focus=m.focus,
            dynamic_range=m.dynamic_range,
            tgc=_EMPTY,
            compounding=0,
            persistence=math.nan,
            mechanical_index=m.mechanical_index,
            thermal_index=m.thermal_index,
        ),
    )


def _result(m: Message) -> Message:
    fields = {name: getattr(m, name) for name in _COMMON_RESULT}
    half_m = 0.5 * m.geometry.aperture
    return echopilot_msgs.PerceptionResult(
        **fields,
        **{field: head in _HEADS for head, field in HAS_FIELDS.items()},
        enhanced=np.zeros(0, np.uint8),
        coupling=ultrasound_msgs.Coupling(-half_m, half_m, m.coupling),
        measurements=[_measurement(x) for x in m.measurements],
    )


def _measurement(m: Message) -> Message:
    fields = {name: getattr(m, name) for name in _names("Measurement")}
    return echopilot_msgs.Measurement(**fields | {"name": MeasurementName.of(m.name).code})


def _robot(m: Message) -> Message:
    return echopilot_msgs.RobotState(
        header=m.header,
        sequence=m.tick,
        measured_cp=m.pose,
        measured_cv=m.twist,
        measured_cf=m.wrench,
        measured_js=sensor_msgs.JointState(m.header, [], m.joint_position, m.joint_velocity, _EMPTY),
        mode=m.mode,
        lockstep=[echopilot_msgs.Lockstep(m.due_frame_sequence)] if m.due_frame_sequence >= 0 else [],
    )


def _exam(m: Message) -> Message:
    fields = {name: getattr(m, name) for name in _COMMON_EXAM}
    return echopilot_msgs.ExamState(
        **fields,
        protocol="",
        protocol_sha256="",
        record_folder="",
        step_kind=GoalKind.IDLE,
        step_title="",
        attempt=0,
        results=[_view_result(r) for r in m.results],
        goal=_goal(m.goal),
        suspicions=[],
    )


def _goal(m: Message) -> Message:
    fields = {name: getattr(m, name) for name in _COMMON_GOAL}
    nowhere = geometry_msgs.Pose(geometry_msgs.Point(0.0, 0.0, 0.0), geometry_msgs.Quaternion(0.0, 0.0, 0.0, 1.0))
    return echopilot_msgs.ControlGoal(**fields, has_start=False, start=nowhere, sweep_length=0.0)


def _view_result(m: Message) -> Message:
    return echopilot_msgs.ViewResult(
        view=m.view,
        kind=GoalKind.IDLE,
        outcome=m.outcome,
        accepted=m.outcome == Outcome.SUCCEEDED,
        score=m.score,
        quality=math.nan,
        seconds=m.seconds,
        frame_sequence=m.frame_sequence,
        detail=m.detail,
    )


def _names(kind: str) -> tuple[str, ...]:
    """Field names of one of today's messages."""
    return tuple(name for name, _ in STORE.fielddefs[f"{_OURS}{kind}"][1])


_COMMON_RESULT = tuple(
    n
    for n in _names("PerceptionResult")
    if not n.startswith("has_") and n not in ("enhanced", "coupling", "measurements")
)
_CHANGED_IN_EXAM = {"protocol", "protocol_sha256", "record_folder", "step_kind", "step_title", "attempt", "results"}
_CHANGED_IN_EXAM |= {"goal", "suspicions"}
_COMMON_GOAL = tuple(n for n in _names("ControlGoal") if n not in ("has_start", "start", "sweep_length"))
_COMMON_EXAM = tuple(n for n in _names("ExamState") if n not in _CHANGED_IN_EXAM)

UPGRADES: dict[str, Callable[[Message], Message]] = {
    f"{_OURS}UltrasoundFrame": _frame,
    f"{_OURS}PerceptionResult": _result,
    f"{_OURS}RobotState": _robot,
    f"{_OURS}ExamState": _exam,
    f"{_OURS}Measurement": _measurement,
}
"""From the message as recorded to that of today, by the name that was recorded."""

_MARKS = {
    f"{_OURS}UltrasoundFrame": {"gain", "preset"},
    f"{_OURS}PerceptionResult": {"ood_score", "coupling"},
    f"{_OURS}RobotState": {"tick", "due_frame_sequence"},
    f"{_OURS}ExamState": {"step_index", "goal", "results"},
    f"{_OURS}Measurement": {"name"},
}


def is_of_05(type_name: str, store: Any) -> bool:
    """True for a type whose fields, in a store with the recorded definition, are those of 0.5."""
    if type_name not in UPGRADES:
        return False
    return _MARKS[type_name] <= {name for name, _ in store.fielddefs[type_name][1]}
