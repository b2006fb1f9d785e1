"""Services of the simulator node: settings that are left alone, refusals in one line, a patient that shifts."""

import math
from collections.abc import Iterator

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("echopilot_msgs.srv", reason="needs the built messages")

from echopilot_msgs.srv import SetPatient, ShiftPatient  # noqa: E402
from ultrasound_msgs.msg import ImagingParameters  # noqa: E402
from ultrasound_msgs.srv import SetImaging  # noqa: E402

from echopilot_sim.anatomy import NAMES, named_patient  # noqa: E402
from echopilot_sim_nodes.simulator import Simulator  # noqa: E402

NAN = math.nan


@pytest.fixture(scope="module")
def node() -> Iterator[Simulator]:
    arguments = ["--ros-args", "-p", "arm:=ur5e_like", "-p", "seed:=3", "-p", "gel:=0.004"]
    rclpy.init(args=arguments)
    node = Simulator()
    yield node
    node.close()
    node.destroy_node()
    rclpy.shutdown()


def leave_all(**asked: object) -> SetImaging.Request:
    nan = {"depth": NAN, "gain": NAN, "focus": NAN, "dynamic_range": NAN, "persistence": NAN}
    return SetImaging.Request(settings=ImagingParameters(**{**nan, **asked}))


def test_what_is_not_asked_for_stays(node: Simulator) -> None:
    answer = node._on_imaging(leave_all(tgc=[1.0] * 8, compounding=3), SetImaging.Response())
    assert answer.success
    asked, now = node._imaging, node._simulation.imaging
    assert asked is not None and asked.tgc_db == (1.0,) * 8 and asked.compounding == 3
    assert (asked.preset, asked.depth_m, asked.persistence) == (now.preset, now.depth_m, now.persistence)


def test_zero_as_the_command_line_leaves_it_is_no_depth_and_no_focus(node: Simulator) -> None:
    request = SetImaging.Request(settings=ImagingParameters(gain=-3.0))
    assert node._on_imaging(request, SetImaging.Response()).success
    asked, now = node._imaging, node._simulation.imaging
    assert asked is not None and asked.gain_db == -3.0 and asked.persistence == 0.0
    assert (asked.depth_m, asked.focus_m, asked.dynamic_range_db) == (now.depth_m, now.focus_m, now.dynamic_range_db)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"preset": "sharp"}, "sharp"),
        ({"depth": 3.0}, "depth"),
        ({"dynamic_range": 5.0}, "dynamic range"),
        ({"tgc": [0.0] * 3}, "tgc"),
        ({"compounding": 50}, "compounding"),
        ({"persistence": 1.0}, "persistence"),
    ],
)
def test_impossible_settings_are_refused_with_the_choices(node: Simulator, asked: dict, field: str) -> None:
    answer = node._on_imaging(leave_all(**asked), SetImaging.Response())
    assert not answer.success and field in answer.message


def test_the_patient_shifts_on_command_and_not_too_far(node: Simulator) -> None:
    simulation = node._simulation
    before = simulation.surface().points_m
    far = ShiftPatient.Request(yaw=1.0)
    assert not node._on_shift(far, ShiftPatient.Response()).success
    near = ShiftPatient.Request()
    near.translation.x = 0.03
    assert node._on_shift(near, ShiftPatient.Response()).success
    for _ in range(60):
        simulation.step(None)
    after = simulation.surface().points_m
    assert after[:, 0].mean() - before[:, 0].mean() == pytest.approx(0.03, abs=0.004)


def test_arm_and_gel_follow_the_parameters(node: Simulator) -> None:
    assert len(node._simulation.joint_state.names) == 6
    assert 0.0035 < node._simulation.gel_m <= 0.004
    poses = node._topics._links.transforms(np.zeros(6))
    assert {child for _, child, _ in poses} >= {"link6", "probe"}


@pytest.mark.parametrize("name", NAMES)
def test_every_named_patient_is_accepted(node: Simulator, name: str) -> None:
    answer = node._on_patient(SetPatient.Request(name=name), SetPatient.Response())
    assert answer.success and name in answer.message
    patient = node._next_patient
    assert patient is not None and (patient.name, patient.seed) == (name, named_patient(name).seed)


def test_an_unknown_patient_is_refused_in_one_line_with_the_choices(node: Simulator) -> None:
    node._next_patient = None
    assert not node._on_patient(SetPatient.Request(seed=-1), SetPatient.Response()).success
    answer = node._on_patient(SetPatient.Request(name="nobody"), SetPatient.Response())
    assert not answer.success and "\n" not in answer.message and all(name in answer.message for name in NAMES)
    assert node._next_patient is None


def test_a_patient_set_by_name_replaces_the_patient_at_time_zero(node: Simulator) -> None:
    node._simulation.step(None)
    assert node._on_patient(SetPatient.Request(name="aaa_small"), SetPatient.Response()).success
    node._start_next_patient()
    patient, expected = node._simulation.patient, named_patient("aaa_small")
    assert patient.name == "aaa_small" and patient.aorta == expected.aorta and node._simulation.now_ns == 0
    assert node._next_patient is None


def test_ros2_param_describe_tells_the_choices(node: Simulator) -> None:
    assert node.describe_parameter("quality").additional_constraints == "one of: fast, full"
    assert node.describe_parameter("gel").additional_constraints == ""
