"""Gazebo's own DART engine against MuJoCo: the same arm from the same description, and the patient in DART's loop.

`pytest -rP tests/gz/test_engines_agree.py` prints the figures.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import mujoco
import numpy as np
import pytest

from echopilot_control.kinematics.arm_model import ArmDynamics, read_arm
from echopilot_control.kinematics.chain import arm_kinematics
from echopilot_control.kinematics.dynamics import gravity_n_m
from echopilot_control.robot_contract import check_robot
from echopilot_core import ControlPhase, Robot, se3
from echopilot_core.paths import share_file
from echopilot_gz.joints import joint_efforts
from echopilot_lab.force_runs.run import SETPOINT_N, run_force
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.arm.arm_models import FR3_LIKE, UR5E_LIKE, ArmModel
from echopilot_sim.arm.driver import SimulatedRobotDriver
from echopilot_sim.arm.mujoco_arm import DT_S, PROBE_BODY, ArmPhysics, arm_spec
from echopilot_sim.arm.servo import joint_torque
from echopilot_sim.simulation import SimConfig, Simulation

from .dart_engine import VELOCITY, DartEngine, build, missing, running
from .dart_robot import DartRobot

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())
SEED = 600_000
START = se3.transform(np.diag([1.0, -1.0, -1.0]), np.array([0.5, 0.05, 0.15]))
HARD = [0.99, 0.9999, 0.001, 0.5, 2.0]  # MuJoCo's friction creeps by default; DART's does not


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dart"))


@dataclass(frozen=True)
class Variant:
    """A description that differs from the shipped one in joint friction, and in rotor inertia that links carry."""

    kind: ArmModel
    friction_n_m: float
    rotors: bool

    def urdf(self) -> str:
        root = ElementTree.fromstring(share_file("echopilot_description", self.kind.urdf).read_text(encoding="utf-8"))
        for losses in root.iter("dynamics"):
            losses.set("friction", str(self.friction_n_m))
        for i, rotor in enumerate(self.kind.rotor_inertia_kg_m2 if self.rotors else ()):
            inertia = root.find(f"link[@name='link{i + 1}']/inertial/inertia")
            assert inertia is not None
            for axis in ("ixx", "iyy", "izz"):
                inertia.set(axis, str(float(inertia.get(axis, "")) + rotor))
        return ElementTree.tostring(root, encoding="unicode")

    def mujoco(self, urdf: Path) -> mujoco.MjModel:
        """The arm as `arm_spec` makes it, from the variant, without inertia that the description does not hold."""
        spec = arm_spec(self.kind)
        read = mujoco.MjSpec.from_file(str(urdf))
        for joint in spec.joints:
            joint.armature, joint.frictionloss, joint.solimp_friction = 0.0, self.friction_n_m, HARD
        for body in spec.bodies:
            if body.name.startswith("link"):
                body.fullinertia = read.body(body.name).fullinertia
        return spec.compile()


@pytest.fixture
def engine(request: pytest.FixtureRequest, program: Path, tmp_path: Path) -> Iterator[tuple[Variant, DartEngine, Path]]:
    variant: Variant = request.param
    path = tmp_path / "arm.urdf"
    path.write_text(variant.urdf(), encoding="utf-8")
    model = str(ElementTree.parse(path).getroot().get("name"))
    joints = tuple(f"joint{i + 1}" for i in range(len(variant.kind.rest_rad)))
    with running(program, path, model, joints, tmp_path) as dart:
        yield variant, dart, path


def name_of(variant: Variant) -> str:
    return f"{variant.kind.name}-friction {variant.friction_n_m}"


PLAIN = [Variant(kind, 0.0, rotors=False) for kind in (FR3_LIKE, UR5E_LIKE)]
MOVED = [Variant(FR3_LIKE, 0.0, rotors=False), Variant(UR5E_LIKE, 1.0, rotors=True)]  # the others agree as well


@pytest.mark.parametrize("engine", PLAIN, indirect=True, ids=name_of)
def test_links_stand_where_mujoco_puts_them(engine: tuple[Variant, DartEngine, Path]) -> None:
    variant, dart, path = engine
    model = variant.mujoco(path)
    data, rng = mujoco.MjData(model), np.random.default_rng(SEED)
    for _ in range(20):
        data.qpos[:] = variant.kind.posture_rad + rng.uniform(-0.5, 0.5, model.nq)
        mujoco.mj_kinematics(model, data)
        seen = dart.place(data.qpos.copy())
        assert seen.origin_m == pytest.approx(data.body(PROBE_BODY).xpos, abs=1e-12)
        assert seen.rotation.ravel() == pytest.approx(data.body(PROBE_BODY).xmat, abs=1e-12)


@pytest.mark.parametrize("engine", PLAIN, indirect=True, ids=name_of)
def test_the_sensor_feels_the_wrench_and_the_weight_of_the_probe(engine: tuple[Variant, DartEngine, Path]) -> None:
    """Pressing with 5 N reads z = -5, as `measured_cf` does; the joints tell gravity and the wrench."""
    variant, dart, path = engine
    arm = read_arm(path.read_text(encoding="utf-8"))
    q = ArmPhysics(START, kind=variant.kind).data.qpos.copy()
    at, R = arm_kinematics(arm, q), dart.place(q).rotation
    wrench = np.array([0.5, -0.3, -5.0, 0.04, -0.05, 0.02])  # in probe
    in_world = np.concatenate([R @ wrench[:3], R @ wrench[3:]])
    for _ in range(20):
        seen = dart.step(np.zeros(len(q)), in_world, VELOCITY)
    weight_n = R.T @ (0.0, 0.0, -0.45 * 9.81)
    assert seen.sensor[:3] == pytest.approx(wrench[:3] + weight_n, abs=1e-6)
    assert seen.sensor[3:] == pytest.approx(wrench[3:] + np.cross([0.0, 0.0, -0.08], weight_n), abs=1e-6)
    efforts = joint_efforts(seen.torque_n_m, at.axis, seen.velocity_rad_s, arm.damping_n_m_s, arm.friction_n_m)
    assert efforts == pytest.approx(gravity_n_m(at) - at.J.T @ in_world, abs=1e-4)


@pytest.mark.parametrize("engine", MOVED, indirect=True, ids=name_of)
def test_joint_commands_and_a_wrench_move_the_probe_alike_for_five_seconds(
    engine: tuple[Variant, DartEngine, Path],
) -> None:
    """Joint velocities of 0.15 rad/s through the same torque loop, and 5 N and 0.05 N m that change, at the probe."""
    variant, dart, path = engine
    model, arm = variant.mujoco(path), read_arm(path.read_text(encoding="utf-8"))
    data, n, body = mujoco.MjData(model), model.nv, model.body(PROBE_BODY).id
    data.qpos[:] = ArmPhysics(START, kind=variant.kind).data.qpos
    mujoco.mj_step1(model, data)
    full = np.zeros((n, n))
    mujoco.mj_fullM(model, data, full)
    inertia, limit = full.diagonal().copy(), model.jnt_actfrcrange[:, 1].copy()
    references, torque = [data.qpos.copy(), data.qpos.copy()], np.zeros(n)
    seen, worst_m, worst_rad, moved_m = dart.place(data.qpos.copy()), 0.0, 0.0, 0.0
    start_m = seen.origin_m.copy()
    for step in range(5000):
        speed, wrench = joint_speed(step * DT_S, n), push(step * DT_S)
        for q, v, reference in zip((data.qpos, seen.q_rad), (data.qvel, seen.velocity_rad_s), references, strict=True):
            gravity = gravity_n_m(arm_kinematics(arm, q.copy()))
            joint_torque(q, v, reference, speed, gravity, inertia, limit, DT_S, torque)
            if q is data.qpos:
                data.ctrl[:] = torque
        lever_m = data.xpos[body] - data.xipos[body]
        data.xfrc_applied[body] = [*wrench[:3], *(wrench[3:] + np.cross(lever_m, wrench[:3]))]
        mujoco.mj_step2(model, data)
        mujoco.mj_step1(model, data)
        seen = dart.step(torque, wrench)
        worst_m = max(worst_m, float(np.linalg.norm(seen.origin_m - data.xpos[body])))
        worst_rad = max(worst_rad, se3.angle_between(seen.rotation, data.xmat[body].reshape(3, 3)))
        moved_m = max(moved_m, float(np.linalg.norm(seen.origin_m - start_m)))
    print(f"{name_of(variant)}: {1e3 * worst_m:.4f} mm, {np.degrees(worst_rad):.4f} degrees, of {1e3 * moved_m:.0f} mm")
    assert moved_m > 0.03 and worst_m < 0.001 and worst_rad < np.radians(0.1)


def joint_speed(time_s: float, n: int) -> np.ndarray:
    swing: np.ndarray = 0.15 * np.sin(2.0 * np.pi * 0.4 * time_s + 1.3 * np.arange(n))
    return swing * min(time_s, 1.0, max(5.0 - time_s, 0.0))


def push(time_s: float) -> np.ndarray:
    force = [1.5 * np.sin(3.0 * time_s), np.cos(2.0 * time_s), 5.0 * min(time_s, 1.0)]
    return np.array([*force, 0.05 * np.sin(5.0 * time_s), -0.04, 0.02 * np.cos(time_s)])


@pytest.mark.parametrize("late_ms", [0, 10])
def test_the_patient_in_darts_loop_is_landed_on_and_held_at_the_set_point(
    program: Path, tmp_path: Path, late_ms: int
) -> None:
    """The product's controller and safety; joints take velocities, as under ros2_control, with the lag of an arm."""
    path = share_file("echopilot_description", FR3_LIKE.urdf).resolve()
    simulation = Simulation(sample_patient(SEED), SimConfig(frame_hz=1.0))
    forces: list[float] = []
    with running(program, path, "echopilot_arm", tuple(f"joint{i + 1}" for i in range(7)), tmp_path) as dart:
        simulation.robot = DartRobot(simulation.robot, read_arm(path.read_text(encoding="utf-8")), dart, late_ms)
        for forced in run_force(simulation):
            assert forced.tick.safety.state.reasons == ()
            if forced.tick.control.status.phase is ControlPhase.HOLD:
                forces.append(forced.true_force_n)
            if len(forces) == 800 or simulation.now_ns > 30_000_000_000:
                break
    held_n = np.array(forces[300:])
    off_n, rms_n = float(np.abs(held_n - SETPOINT_N).max()), float(np.sqrt(np.mean((held_n - SETPOINT_N) ** 2)))
    most_n = simulation.max_normal_force_n
    print(f"wrench {late_ms} ms late: held within {off_n:.2f} N, {rms_n:.3f} N rms, for 5 s; at most {most_n:.2f} N")
    assert len(forces) == 800 and off_n < 0.3 and most_n < 7.0


class DartRig:
    """The arm in DART over a patient who holds the breath; the patient is the surface that moves."""

    def __init__(self, arm: ArmDynamics, engine: DartEngine) -> None:
        self._arm, self._engine = arm, engine

    def robot(self) -> Robot:
        self._simulation = Simulation(sample_patient(1), SimConfig(frame_hz=1.0, breathing=False))
        self._simulation.robot = DartRobot(self._simulation.robot, self._arm, self._engine)
        return SimulatedRobotDriver(self._simulation)

    def move_surface(self, towards_probe_m: float) -> None:
        self._simulation.shift_patient(-towards_probe_m * self._simulation.robot.rotation[:, 2])

    def witness_force_n(self) -> float:
        return self._simulation.true_normal_force_n


def test_the_arm_in_dart_keeps_the_robot_side_contract(program: Path, tmp_path: Path) -> None:
    """In three scenarios; all nineteen take a quarter of a minute, and pass for both arms."""
    path = share_file("echopilot_description", FR3_LIKE.urdf).resolve()
    urdf = path.read_text(encoding="utf-8")
    with running(program, path, "echopilot_arm", tuple(f"joint{i + 1}" for i in range(7)), tmp_path) as dart:
        found = check_robot(DartRig(read_arm(urdf), dart), urdf, ["reads_the_force", "falls_silent", "retraction"])
    assert found == (), "\n".join(map(str, found))
