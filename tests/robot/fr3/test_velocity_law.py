"""The law of the 1 kHz loop, and the messages to and from its process, without an arm."""

import socket

import numpy as np
import pytest

from echopilot_control.kinematics.joint_limits import joint_names
from echopilot_core.paths import share_file
from echopilot_robot import ArmSample
from echopilot_robot.fr3.driver import newest
from echopilot_robot.fr3.messages import LARGEST, LoopCount, pack_command, pack_sample, unpack_command, unpack_sample
from echopilot_robot.fr3.velocity_law import ACCELERATION_RAD_S2, DT_S, JERK_RAD_S3, TARE_TICKS, VelocityLaw

URDF = share_file("echopilot_description", "urdf/echopilot_fr3.urdf").read_text()
Q = np.array([0.0, -0.3, 0.0, -2.3, 0.0, 2.0, 0.785])
MS = 1_000_000


def law(sign: int = 1) -> VelocityLaw:
    made = VelocityLaw(URDF, joint_names(URDF), sign)
    for k in range(TARE_TICKS):
        made.step(Q, 0.4, (k * MS, np.zeros(7)), k * MS)
    return made


def test_velocities_never_leap() -> None:
    made, rng = law(), np.random.default_rng(1)
    velocities = np.array(
        [made.step(Q, 0.4, (k * MS, rng.uniform(-2.0, 2.0, 7)), k * MS) for k in range(TARE_TICKS, 2000)]
    )
    acceleration = np.diff(velocities, axis=0) / DT_S
    assert np.abs(acceleration).max() <= ACCELERATION_RAD_S2 + 1e-9
    assert np.abs(np.diff(acceleration, axis=0)).max() / DT_S <= JERK_RAD_S3 * (1.0 + 1e-9)


def test_a_command_is_followed_until_it_is_50_ms_old() -> None:
    made, wanted = law(), np.full(7, 0.1)
    for k in range(TARE_TICKS, TARE_TICKS + 200):
        velocity = made.step(Q, 0.4, (k * MS, wanted), k * MS)
    assert np.allclose(velocity, wanted, atol=1e-3) and not made.holds
    last = k
    for k in range(last + 1, last + 120):
        velocity = made.step(Q, 0.4, (last * MS, wanted), k * MS)
        assert made.holds == (k - last >= 50)
    assert np.abs(velocity).max() < 0.02


@pytest.mark.parametrize("sign", [1, -1])
def test_a_silent_bridge_leaves_a_probe_that_gives_way(sign: int) -> None:
    made = law(sign)
    velocity = np.zeros(7)
    for k in range(TARE_TICKS, TARE_TICKS + 300):
        velocity = made.step(Q, 0.4 - sign * 9.0, (TARE_TICKS * MS, np.zeros(7)), k * MS)
    at = made._motion.at(Q)
    assert made.pressing_n(0.4 - sign * 9.0) == pytest.approx(9.0, abs=0.01)
    assert (at.J @ velocity)[:3] @ at.T_base_probe[:3, 2] < -0.005


def test_messages_keep_what_they_carry() -> None:
    sample = ArmSample(
        1,
        2,
        np.arange(7.0),
        -np.arange(7.0),
        np.arange(6.0),
        np.ones(7),
        errors=("Reflex: joint_reflex", "x" * LARGEST),
    )
    data = pack_sample(sample, LoopCount(10, 3))
    back, count = unpack_sample(data)
    assert len(data) <= LARGEST and count == LoopCount(10, 3)
    assert back.errors[0] == "Reflex: joint_reflex" and (back.stamp_ns, back.heard_ns) == (1, 2)
    assert np.array_equal(back.position_rad, sample.position_rad) and np.array_equal(back.wrench, sample.wrench)
    sent_ns, velocity = unpack_command(pack_command(7, np.arange(7.0)))
    assert sent_ns == 7 and np.array_equal(velocity, np.arange(7.0))


def test_a_bridge_that_was_kept_from_reading_goes_on_with_the_newest_sample() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        assert newest(ours, 0.0) is None
        for number in (b"1", b"2", b"3"):
            theirs.send(number)
        assert newest(ours, 1.0) == b"3"
        assert newest(ours, 0.0) is None
        theirs.send(b"4")
        theirs.close()
        assert newest(ours, 1.0) == b"4"
        assert newest(ours, 1.0) == b""


def test_the_description_is_that_of_the_arm() -> None:
    simulator = pytest.importorskip("franky_sim.mujoco_simulator", reason="needs franky-sim")
    robot, motion = simulator.FrankaMujocoRobot(), law()._motion
    poses = np.random.default_rng(2).uniform(motion.lower_rad, motion.upper_rad, (20, 7))
    flange_to_probe = [np.linalg.inv(robot.kinematics(q).homogeneous) @ motion.at(q).T_base_probe for q in poses]
    assert np.ptp(flange_to_probe, axis=0).max() < 1e-6
