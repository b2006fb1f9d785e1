"""Round trips core -> message -> core are exact, also through the wire."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="needs rclpy")
pytest.importorskip("echopilot_msgs.msg", reason="needs the built messages")

from rclpy.serialization import deserialize_message, serialize_message

from echopilot_core import (
    BodyLandmarks,
    BodySurface,
    Box,
    ClassExtent,
    ControlGoal,
    ControlPhase,
    ControlStatus,
    Convention,
    EndPoint,
    Finding,
    FindingKind,
    Frame,
    GateStatus,
    GoalKind,
    Guidance,
    Imaging,
    LabelMap,
    Landmark,
    MarkerSide,
    Measurement,
    Mode,
    Outcome,
    Phase,
    ProbeCommand,
    ProbeGeometry,
    ProbeKind,
    RobotMode,
    RobotState,
    SafeTwist,
    SafetyMode,
    SafetyState,
    SectorBox,
    Seen,
    Tissue,
    View,
    se3,
)
from echopilot_nodes import conversions as conv

STAMP_NS = 1_795_463_063_123_456_789
NAN = math.nan
RNG = np.random.default_rng(20)


def same(a: Any, b: Any) -> bool:
    """Equal in every field, NaN equal to NaN, arrays equal in shape, type and bits."""
    if dataclasses.is_dataclass(a):
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) and math.isnan(a):
        return math.isnan(b)
    return bool(a == b)


def wire(message: Any) -> Any:
    """Through CDR and back, as between two processes."""
    return deserialize_message(serialize_message(message), type(message))


GEOMETRY = ProbeGeometry(ProbeKind.CONVEX, 0.06, 1.1, 0.05, 0.16, 3.1e-4, 3.2e-4, 255.5, -12.25, 2.5e6, MarkerSide.LEFT)
MEASUREMENT = Measurement(
    "aorta.diameter_ap", 0.0213, "m", 0.0004, View.AORTA_TRANS, Convention.OUTER_TO_OUTER, Phase.END_SYSTOLE, 0.1,
    GateStatus.REFUSED, "coupling", (EndPoint(0.01, 0.07), EndPoint(-0.01, 0.09)), (4, 5, 6), NAN,
)  # fmt: skip
FINDING = Finding(FindingKind.EFFUSION, 0.7, View.A4C, (9,), "dark rim behind the wall", True)
SEEN = Seen(
    stamp_ns=STAMP_NS,
    sequence=2**40,
    geometry=GEOMETRY,
    label_map=LabelMap(RNG.integers(0, 14, (128, 128), dtype=np.uint8), -0.08, 0.0, 0.00125),
    extents=(ClassExtent(Tissue.LV, 1e-3, 1e-5, 0.01, 0.05), ClassExtent(Tissue.LIVER, 2e-3, NAN, NAN, NAN)),
    view_probability=RNG.dirichlet(np.ones(len(View))),
    quality=0.81,
    coupling=RNG.random(16),
    ood_score=0.02,
    guidance=(Guidance(View.A4C, RNG.normal(size=6), RNG.random(6)),),
    landmarks=(Landmark("apex", RNG.normal(size=2), RNG.normal(size=(2, 2))),),
    boxes=(Box("valve", 0.5, -0.01, 0.02, 0.01, 0.04),),
    findings=(FINDING,),
    measurements=(MEASUREMENT,),
    model_id="edge",
    model_sha256="ab" * 32,
    latency_s=0.011,
)
EMPTY_SEEN = dataclasses.replace(
    SEEN,
    label_map=LabelMap(np.zeros((0, 0), np.uint8), NAN, NAN, NAN),
    extents=(),
    guidance=(),
    landmarks=(),
    boxes=(),
    findings=(),
    measurements=(),
    coupling=np.zeros(0),
    quality=NAN,
)
STATUS = ControlStatus(
    STAMP_NS, 17, 3, GoalKind.SWEEP, ControlPhase.SWEEP, Outcome.RUNNING, "sweeps", 0.4, 8.0, 7.7, NAN, 0.9, -1, NAN
)


COMMAND = ProbeCommand(STAMP_NS, 5, RNG.normal(size=6), 5.0, -1, 40_000_000)
TRIPPED = SafetyState(STAMP_NS, SafetyMode.RETRACT, ("FORCE_TRIP", "WORKSPACE"), 12.0, 18.0, 4)


@pytest.mark.parametrize("seen", [SEEN, EMPTY_SEEN], ids=["full", "empty"])
def test_result_is_exact(seen: Seen) -> None:
    assert same(conv.from_result(wire(conv.to_result(seen))), seen)


@pytest.mark.parametrize("shape", [(480, 640), (7, 3), (0, 0)])
def test_frame_is_exact(shape: tuple[int, int]) -> None:
    image = RNG.integers(0, 256, shape, dtype=np.uint8)
    for imaging in (Imaging(), Imaging(Mode.COLOUR, -3.0, 60.0, 0.08, 1.1, 0.4, True, "S5-1", "abdomen")):
        frame = Frame(STAMP_NS, 12, image, GEOMETRY, SectorBox(1, 2, 600, 400), imaging, 77)
        assert same(conv.from_frame(wire(conv.to_frame(frame))), frame)


@pytest.mark.parametrize(
    ("value", "to", "back"),
    [
        (STATUS, conv.to_status, conv.from_status),
        (COMMAND, conv.to_probe_command, conv.from_probe_command),
        (SafeTwist(STAMP_NS, np.full(6, NAN)), conv.to_safe_twist, conv.from_safe_twist),
        (TRIPPED, conv.to_safety_state, conv.from_safety_state),
        (SafetyState(STAMP_NS, SafetyMode.OK, (), 12.0, 18.0), conv.to_safety_state, conv.from_safety_state),
        (ControlGoal(9, GoalKind.ACQUIRE_VIEW, View.A4C, 6.0, "cardiac", 45.0, 0.01), conv.to_goal, conv.from_goal),
        (FINDING, lambda f: conv.to_finding(f, STAMP_NS), conv.from_finding),
        (MEASUREMENT, lambda m: conv.to_measurement(m, STAMP_NS), conv.from_measurement),
        (BodyLandmarks(STAMP_NS, *RNG.normal(size=(3, 3))), conv.to_landmarks, conv.from_landmarks),
        (BodySurface(STAMP_NS, RNG.normal(size=(100, 3))), conv.to_cloud, conv.from_cloud),
        (BodySurface(STAMP_NS, np.zeros((0, 3))), conv.to_cloud, conv.from_cloud),
    ],
    ids=lambda v: type(v).__name__ if dataclasses.is_dataclass(v) else "",
)  # fmt: skip
def test_round_trip_is_exact(value: Any, to: Any, back: Any) -> None:
    assert same(back(wire(to(value))), value)


@given(st.integers(0, 2**31 * 10**9 - 1))
def test_stamps_are_exact_in_nanoseconds(stamp_ns: int) -> None:
    assert conv.from_time(wire(conv.to_time(stamp_ns))) == stamp_ns


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-3.0, 3.0), min_size=6, max_size=6))
def test_robot_state_keeps_its_pose_to_rounding(twist: list[float]) -> None:
    state = RobotState(
        STAMP_NS, 3, se3.exp(np.array(twist)), RNG.normal(size=6), RNG.normal(size=6), RNG.normal(size=7),
        RNG.normal(size=7), RobotMode.COMPLIANT_HOLD, -1,
    )  # fmt: skip
    back = conv.from_robot_state(wire(conv.to_robot_state(state)))
    assert np.abs(back.T_base_probe - state.T_base_probe).max() < 1e-12
    assert same(dataclasses.replace(back, T_base_probe=state.T_base_probe), state)


def test_a_pose_that_is_not_finite_arrives_as_such() -> None:
    T = np.eye(4)
    T[0, 3] = NAN
    assert np.isnan(conv.from_pose(wire(conv.to_pose(T)))).all()


@pytest.mark.parametrize(("field", "value"), [("view", 99), ("kind", 200)])
def test_unknown_enums_are_refused(field: str, value: int) -> None:
    message = conv.to_goal(ControlGoal(1, GoalKind.HOLD))
    setattr(message, field, value)
    with pytest.raises(ValueError):
        conv.from_goal(message)


def test_incomplete_images_and_groups_are_refused() -> None:
    message = conv.to_frame(Frame(0, 0, np.zeros((4, 4), np.uint8), GEOMETRY, SectorBox(0, 0, 4, 4)))
    message.image.data = message.image.data[:7]
    with pytest.raises(ValueError):
        conv.from_frame(message)
    result = conv.to_result(SEEN)
    result.guidance_motions = result.guidance_motions[:5]
    with pytest.raises(ValueError):
        conv.from_result(result)
