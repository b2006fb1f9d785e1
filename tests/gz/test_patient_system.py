"""The patient in Gazebo: the same contact law as anywhere else, at each step, for robots that come and go."""

import time
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest

from echopilot_core import EchoPilotError, se3
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.anatomy.sampling.named_patients import NAMES, named_patient
from echopilot_sim.physics.patient_world import PatientWorld

from .fake_gazebo import Element, EntityComponentManager, Link, Model, Node, Vector3d, installed
from .fake_world import Server

MODULE = "echopilot_gz.patient_system"
SEED = 600_031
DOWN = np.diag([1.0, -1.0, -1.0])
T_WORLD_BASE = se3.transform(se3.so3_exp(np.array([0.0, 0.0, 0.6])), np.array([0.3, -0.2, 0.87]))


@pytest.fixture(autouse=True)
def gazebo() -> Iterator[None]:
    with installed():
        yield


class Clock:
    """The time that the reference is told."""

    ns = 0

    def now_ns(self) -> int:
        return self.ns


def above_the_belly(height_m: float, seed: int = SEED) -> np.ndarray:
    """`T_base_probe` (4, 4) of a probe that points down, that far above the skin at time zero."""
    clock = Clock()
    world = PatientWorld(sample_patient(seed), clock)
    x, z = np.array([0.0]), np.array([-0.08])
    skin = se3.apply(world.patient.T_base_patient, world.skin.point(x, z, world.phases().breathing))[0]
    return se3.transform(DOWN, skin + [0.0, 0.0, height_m])


def server(**settings: str) -> Server:
    made = Server(MODULE, T_WORLD_BASE, **{"patient": str(SEED), **settings})
    assert made.errors == []
    return made


def test_forces_are_those_of_the_patient_alone_in_a_world_where_the_base_is_moved_and_turned() -> None:
    gazebo = server()
    gazebo.spawn(start := above_the_belly(0.01))
    forces = gazebo.run(1500)
    assert gazebo.errors == [] and forces.max() > 4.0
    clock = Clock()
    alone, height_m, speed_m_s, reference = PatientWorld(sample_patient(SEED), clock), start[2, 3], 0.0, []
    for step in range(1500):
        clock.ns = step * 1_000_000  # the state that a step starts from
        wrench = alone.step(DOWN, np.array([*start[:2, 3], height_m]), np.array([0, 0, speed_m_s, 0, 0, 0.0]))
        reference.append(-wrench[2])
        speed_m_s += (reference[-1] - 5.0 - 100.0 * speed_m_s) / 2.0 * 1e-3
        height_m += speed_m_s * 1e-3
    assert forces == pytest.approx(np.array(reference), abs=1e-6)


def test_a_probe_comes_to_rest_on_the_patient_with_the_force_that_pushes_it() -> None:
    gazebo = server()
    gazebo.spawn(above_the_belly(0.02))
    assert gazebo.run(20).max() == 0.0 and gazebo.probe is not None and gazebo.probe.pushes == 0
    forces = gazebo.run(4000)
    assert np.abs(forces[-1000:] - 5.0).max() < 1.0  # the chest breathes under it


def test_force_and_torque_on_the_link_are_the_wrench_in_world_axes_at_the_origin_of_the_probe() -> None:
    gazebo = server()
    tilted = above_the_belly(-0.006) @ se3.transform(se3.so3_exp(np.array([0.1, -0.15, 0.4])), np.zeros(3))
    gazebo.spawn(tilted)
    assert gazebo.probe is not None
    gazebo.system.pre_update(gazebo.info, gazebo.ecm)
    wrench = gazebo.system.patient.wrench
    R = (T_WORLD_BASE @ tilted)[:3, :3]
    assert wrench[2] < -1.0 and np.abs(wrench[3:]).max() > 1e-3
    assert gazebo.probe.force == pytest.approx(R @ wrench[:3]) and gazebo.probe.torque == pytest.approx(R @ wrench[3:])


def test_a_robot_may_come_late_go_and_come_again() -> None:
    gazebo = server()
    assert gazebo.run(50).size == 0 and gazebo.errors == []
    for _ in range(2):
        gazebo.spawn(above_the_belly(-0.008))
        assert gazebo.run(30).max() > 1.0
        gazebo.remove()
        assert gazebo.run(30).size == 0 and gazebo.errors == []


def test_another_robot_is_met_by_its_own_names() -> None:
    gazebo = server(robot="panda", base_link="panda_link0", probe_link="us_probe")
    gazebo.spawn(above_the_belly(-0.008), "panda", ("panda_link0", "us_probe"))
    assert gazebo.run(30).max() > 1.0


def test_a_link_that_is_missing_is_one_line_that_lists_the_links() -> None:
    gazebo = server(probe_link="transducer")
    gazebo.spawn(above_the_belly(0.0))
    gazebo.run(3)
    assert [type(error) for error in gazebo.errors] == [EchoPilotError]
    assert "'transducer'; it has base, probe" in str(gazebo.errors[0]) and "\n" not in str(gazebo.errors[0])


def test_a_reset_gives_the_same_bytes_again() -> None:
    gazebo = server()
    gazebo.spawn(above_the_belly(0.01))
    first = gazebo.run(1500)
    gazebo.system.patient.shift(np.array([0.02, 0.0, 0.0]))
    gazebo.reset()
    gazebo.remove()
    gazebo.spawn(above_the_belly(0.01))
    assert gazebo.run(1500).tobytes() == first.tobytes() and gazebo.errors == []


def test_nothing_acts_while_gazebo_is_paused_and_a_seek_is_no_step() -> None:
    gazebo = server()
    gazebo.spawn(above_the_belly(-0.008))
    gazebo.info.paused = True
    gazebo.run(20)
    assert gazebo.probe is not None and gazebo.probe.pushes == 0
    gazebo.info.paused = False
    gazebo.info.sim_time, gazebo.info.dt, gazebo.info.iterations = timedelta(seconds=5), timedelta(seconds=5), 0
    gazebo.system.pre_update(gazebo.info, gazebo.ecm)
    assert gazebo.probe.pushes == 1 and gazebo.system.time.now_ns() == 5_000_000_000


def test_a_world_with_too_long_a_step_is_refused() -> None:
    gazebo = server()
    gazebo.step_s = 0.004
    gazebo.run(1)
    assert "max_step_size of the world is 0.004 s" in str(gazebo.errors[0])


@pytest.mark.parametrize(
    "settings,message",
    [
        ({"patient": "nobody"}, "choose a seed or one of normal"),
        ({"patient": "-3"}, "choose a seed or one of normal"),
        ({"patient": "9" * 400}, "choose a seed or one of normal"),
        ({"breathing": "yes"}, "choose true or false"),
    ],
)
def test_settings_that_are_none_are_one_line_with_the_choices(settings: dict[str, str], message: str) -> None:
    refused = Server(MODULE, T_WORLD_BASE, **settings)
    assert (
        message in str(refused.errors[0]) and "\n" not in str(refused.errors[0]) and len(str(refused.errors[0])) < 250
    )


def test_a_name_makes_the_patient_of_that_name_and_without_one_it_is_normal() -> None:
    for settings, name in (({"patient": NAMES[2]}, NAMES[2]), ({}, "normal")):
        made = Server(MODULE, T_WORLD_BASE, **settings).system.patient
        assert made.patient.name == name and made.patient.seed == named_patient(name).seed


def test_the_plugin_of_a_model_is_refused() -> None:
    gazebo = server()
    gazebo.spawn(above_the_belly(0.0))
    with pytest.raises(EchoPilotError, match="belongs into <world>"):
        gazebo.system.configure(gazebo.world.models["echopilot_arm"], Element(), gazebo.ecm, object())


def test_truth_is_published_at_100_hz_under_its_prefix() -> None:
    gazebo = server(topics="lab/truth")
    gazebo.spawn(above_the_belly(-0.05))
    gazebo.run(95)
    contacts, crossings = Node.sent["lab/truth/contact"], Node.sent["lab/truth/limit_crossings"]
    assert len(contacts) == len(crossings) == len(Node.sent["lab/truth/max_force"]) == 10
    assert [round(m.header.stamp.nsec * 1e-6) for m in contacts] == [10 * i for i in range(10)]
    assert contacts[0].header.data[0].value[0] == "probe" and contacts[0].force.z < -20.0
    assert crossings[-1].data == gazebo.system.patient.limit_crossings > 0
    assert Node.sent["lab/truth/max_force"][-1].data == gazebo.system.patient.max_normal_force_n


def test_without_gazebos_transport_the_patient_still_acts_and_says_so_once(capsys: pytest.CaptureFixture[str]) -> None:
    with installed(transport=False):
        gazebo = server()
        gazebo.spawn(above_the_belly(-0.008))
        assert gazebo.run(30).max() > 1.0
    assert capsys.readouterr().out.count("no truth is published") == 1


def test_the_fake_refuses_what_the_bindings_refuse() -> None:
    ecm, link = EntityComponentManager(), Link(7)
    for wrong in (
        lambda: link.add_wrench(ecm, Vector3d(), Vector3d()),
        lambda: link.world_twist(ecm),
        lambda: Model(7).link(ecm, "probe"),
    ):
        with pytest.raises(AttributeError):
            wrong()
    for wrong in (
        lambda: link.add_world_wrench(ecm, Vector3d()),
        lambda: link.add_world_wrench(ecm, (0.0, 0.0, 1.0), Vector3d()),
        lambda: link.world_pose(),
        lambda: link.world_pose(object()),
        lambda: Vector3d(1.0, 2.0),
        lambda: Link("probe"),
    ):
        with pytest.raises(TypeError):
            wrong()


@pytest.mark.alone
def test_a_step_of_the_system_costs_little() -> None:
    gazebo = server()
    gazebo.spawn(above_the_belly(-0.006))
    gazebo.run(500)
    spent_s = []
    for _ in range(2000):
        gazebo.info.sim_time += timedelta(milliseconds=1)
        started_s = time.perf_counter()
        gazebo.system.pre_update(gazebo.info, gazebo.ecm)
        spent_s.append(time.perf_counter() - started_s)
    p50_us, p99_us = (1e6 * float(np.percentile(spent_s, share)) for share in (50, 99))
    print(f"patient system with the stand-in for Gazebo: p50 {p50_us:.1f} us, p99 {p99_us:.1f} us")
    assert p50_us < 250.0
