"""Strategies for every dataclass that travels, with NaN, infinities, empty arrays, extreme integers and any text."""

import dataclasses
import math
import typing
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import echopilot_core as core
from echopilot_core import se3

NUMBERS = st.floats()
INT64 = st.integers(-(2**63), 2**63 - 1)
INT32 = st.integers(-(2**31), 2**31 - 1)
STAMPS = st.integers(-(2**31) * 10**9, 2**31 * 10**9 - 1)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
SHAPES = st.tuples(st.integers(0, 9), st.integers(0, 9))


def doubles(*shape: int) -> st.SearchStrategy[Any]:
    return npst.arrays(np.float64, shape)


def any_doubles(longest: int = 20) -> st.SearchStrategy[Any]:
    return st.integers(0, longest).flatmap(doubles)


def tuples(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(items, max_size=3).map(tuple)


def make(cls: Any, **known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Instances of a dataclass; fields that are not given take what their type suggests."""
    kinds: dict[Any, st.SearchStrategy[Any]] = {float: NUMBERS, int: INT64, str: TEXT, bool: st.booleans()}
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        if field.name not in known:
            hint = hints[field.name]
            kind = kinds[hint] if hint in kinds else st.sampled_from(hint)
            known[field.name] = STAMPS if field.name == "stamp_ns" else kind
    return st.builds(cls, **known)


POSES = npst.arrays(np.float64, 6, elements=st.floats(-1e3, 1e3)).map(se3.exp)
GEOMETRY = make(core.ProbeGeometry)
SECTOR = make(core.SectorBox, left_px=INT32, top_px=INT32, right_px=INT32, bottom_px=INT32)
FRAMES = make(
    core.Frame,
    image=SHAPES.flatmap(lambda shape: npst.arrays(np.uint8, shape)),
    geometry=GEOMETRY,
    sector=SECTOR,
    imaging=make(core.ImagingParameters, tgc_db=tuples(NUMBERS), compounding=INT32),
)
ROBOT_STATES = make(
    core.RobotState,
    T_base_probe=POSES,
    twist=doubles(6),
    wrench=doubles(6),
    joint_position_rad=any_doubles(),
    joint_velocity_rad_s=any_doubles(),
    due_frame_sequence=st.integers(-1, 2**63 - 1),
    joint_names=tuples(TEXT),
    joint_effort_n_m=st.none() | st.integers(1, 8).flatmap(doubles),
)
COMMANDS = make(core.ProbeCommand, twist=doubles(6), valid_for_ns=STAMPS)
SAFE_TWISTS = make(core.SafeTwist, twist=doubles(6))
SAFETY_STATES = make(core.SafetyState, reasons=tuples(TEXT))
SHIFTS = npst.arrays(np.float64, 3, elements=st.floats(allow_nan=False, allow_infinity=False)).map(
    lambda p_m: se3.transform(np.eye(3), p_m)
)
GOALS = make(core.ControlGoal, T_base_start=st.none() | SHIFTS)
STATUSES = make(core.ControlStatus)
EXAM_STATUSES = make(
    core.ExamStatus,
    goal=GOALS,
    results=tuples(make(core.ViewResult)),
    suspicions=tuples(make(core.SuspicionStatus)),
    step_index=INT32,
    steps_total=INT32,
    attempt=INT32,
)
MEASUREMENTS = make(core.Measurement, end_points=tuples(make(core.CaliperPoint)), frame_sequences=tuples(INT64))
FINDINGS = make(core.Finding, frame_sequences=tuples(INT64))
LANDMARKS = make(core.BodyLandmarks, notch_m=doubles(3), xiphoid_m=doubles(3), navel_m=doubles(3))
SURFACES = make(core.BodySurface, points_m=st.integers(0, 9).flatmap(lambda n: doubles(n, 3)))


def _label_map(shape: tuple[int, int]) -> st.SearchStrategy[Any]:
    return make(core.LabelMap, labels=npst.arrays(np.uint8, shape))


@st.composite
def results(draw: Any) -> core.PerceptionResult:
    """Results; an enhanced image lies on the cells of the label map and is not empty."""
    shape = draw(SHAPES)
    enhanced = st.none() if 0 in shape else st.none() | npst.arrays(np.uint8, shape)
    seen: core.PerceptionResult = draw(
        make(
            core.PerceptionResult,
            geometry=GEOMETRY,
            label_map=_label_map(shape),
            extents=tuples(make(core.ClassExtent)),
            view_probability=doubles(len(core.View)),
            coupling=any_doubles(),
            guidance=tuples(make(core.Guidance, relative_pose_twist=doubles(6), sigma=doubles(6))),
            landmarks=tuples(make(core.Landmark, position_m=doubles(2), covariance_m2=doubles(2, 2))),
            boxes=tuples(make(core.Box)),
            findings=tuples(FINDINGS),
            measurements=tuples(MEASUREMENTS),
            enhanced=enhanced,
            heads=st.frozensets(st.sampled_from(core.HeadName)),
        )
    )
    return seen


def same(a: Any, b: Any) -> bool:
    """Equal in every field, NaN equal to NaN, arrays equal in shape, type and bits."""
    if dataclasses.is_dataclass(a):
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and (a.dtype, a.shape) == (b.dtype, b.shape) and a.tobytes() == b.tobytes()
    if isinstance(a, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) and math.isnan(a):
        return math.isnan(b)
    return type(a) is type(b) and bool(a == b)
