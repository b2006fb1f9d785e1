"""A server of libfranka's protocol over MuJoCo's FR3, whose probe touches the virtual patient.

`python patient_server.py HOST SEED [SOCKET]`. Lines on standard input: `reflex`, `pull` (the cable), `plug`, `record`,
`quit`; answers are JSON lines. What franky-sim leaves out of a real arm is added: the estimated force at the probe with
noise and bias, torques as the sensors at the links tell them (with the weight, without the motors' friction), the
probe's mass in the place of the hand's, errors, and the stop after twenty missing commands (Franka's FCI
documentation). Every 10 ms a datagram with the probe's place over the patient goes to SOCKET, for fr3_scanner.py.
"""

import gc
import json
import os
import socket
import sys
import threading
import time
from contextlib import suppress

import franky_sim.simulation_server
import mujoco
import numpy as np
from franky_sim import SimulationServer
from franky_sim.base_simulator import RobotParameters
from franky_sim.franka_robot_protocol import BaseCommand, MoveStatus, RobotCommand, RobotMode
from franky_sim.franka_robot_server import FrankaRobotServer
from franky_sim.mujoco_simulator import MujocoSimulator
from patient_place import Place, pack_place

from echopilot_core import se3
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.physics.patient_world import PatientWorld

START_RAD = (0.0, -0.3, 0.0, -2.3, 0.0, 2.0, 0.785)
START_M = np.array([0.0, -0.04, -0.06])  # of the probe, in the patient's axes from the xiphoid: over the belly
CAUDAL = np.array([0.0, 0.0, -1.0])
CARTESIAN_REFLEX, COMMUNICATION = 7, 25  # places in libfranka's list of errors
MISSING_MOST = 20
STEP_S = 0.001
DAMPING = (450.0, 450.0, 350.0, 350.0, 200.0, 200.0, 50.0)
"""Gains of the velocity loop [N m s]. franky-sim's loop is explicit and stable below 2 I / dt: with its 200 joint 7,
which carries a probe in the place of the hand, swings at 500 Hz, and samples of 4 ms show the same side of it.
"""
NOISE = np.array([0.1, 0.1, 0.1, 0.005, 0.005, 0.005])  # of the estimate, standard deviation [N, N m]
BIAS = np.array([0.4, -0.3, 0.6, 0.02, 0.01, 0.0])
PROBE_KG, PROBE_COM_M = 0.45, (0.0, 0.0, 0.07)  # from the flange, as in echopilot_fr3.urdf
PLACE_STEPS = 10
PRIORITY = 70  # of SCHED_FIFO; below the 1 kHz loop


class PatientClock:
    """Simulated time of the server."""

    def __init__(self) -> None:
        self.ns = 0

    def now_ns(self) -> int:
        return self.ns


class ArmServer(FrankaRobotServer):
    """The protocol with errors, the force at the probe, and a cable."""

    estimate = np.zeros(6)
    torque_n_m = np.zeros(7)
    pulled = False

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.error: int | None = None
        self.ticks = self.unanswered = self.missing = 0
        self.answered = False

    def process_commands(self) -> None:
        moving = self.current_motion_id > 0
        if self.pulled:
            self._post_process_commands()
            self.answered = False
        else:
            self.answered = False
            super().process_commands()
        if moving and self.current_motion_id > 0:
            self.ticks += 1
            self.missing = 0 if self.answered else self.missing + 1
            self.unanswered += 0 if self.answered else 1
            if self.missing >= MISSING_MOST:
                self.stop_by_reflex(COMMUNICATION)

    def send_state(self) -> None:
        if not self.pulled:
            super().send_state()

    def _handle_udp_command(self, data: bytes) -> None:
        self.answered = True
        super()._handle_udp_command(data)

    def stop_by_reflex(self, error: int) -> None:
        self.error = error
        motion = self.current_motion_id
        self.reset_current_motion_id()
        self.stop_motion(send_preemption_signal=False)
        if motion and not self.pulled:
            BaseCommand.send_response(self._tcp_socket, RobotCommand.kMove, motion, MoveStatus.kReflexAborted)

    def start_motion(self, *arguments: object) -> None:
        self.missing, self.error = 0, None
        super().start_motion(*arguments)

    @property
    def robot_state(self) -> object:
        state = super().robot_state
        changes: dict[str, object] = {
            "K_F_ext_hat_K": tuple(self.estimate.tolist()),
            "tau_J": tuple(self.torque_n_m.tolist()),
        }
        if self.error is not None:
            errors = tuple(i == self.error for i in range(41))
            changes.update(robot_mode=RobotMode.kReflex, errors=errors, reflex_reason=errors)
        return state.replace(**changes)


class PatientServer:
    """Steps at 1 kHz of wall time; the patient acts on the probe before every step."""

    def __init__(self, host: str, seed: int, places: str = "") -> None:
        franky_sim.simulation_server.FrankaRobotServer = ArmServer
        self.clock = PatientClock()
        patient = sample_patient(seed)
        self.patient = PatientWorld(patient, self.clock)
        self.sim = MujocoSimulator()
        self.sim.init()
        carries = RobotParameters(ee_mass=PROBE_KG, ee_com=PROBE_COM_M)  # as set in Desk
        self.robot = self.sim.add_robot(initial_q=START_RAD, robot_parameters=carries, kv=DAMPING)
        self.server = SimulationServer(self.sim, hostname_candidates=[host])
        self.server.init()
        self.arm: ArmServer = self.server.robot_servers[0]
        self._carry_probe()
        self.noise = np.random.default_rng(seed)
        self.places = places
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.T_base_patient = patient.T_base_patient
        self.T_patients_base: np.ndarray | None = None  # base of the patient's world from the arm's
        self.late = self.steps = 0
        self.forces: list[tuple[int, float, float, float, float]] = []
        self.wanted: list[str] = []
        self.stopped = False

    def run(self) -> None:
        threading.Thread(target=self._listen, daemon=True).start()
        self._say({"host": self.robot.hostname, "caudal": (self.T_base_patient[:3, :3] @ CAUDAL).tolist()})
        due_s = time.monotonic()
        while not self.stopped:
            self._obey()
            for server in self.server.robot_servers:
                server.process_commands()
            self.sim.step()
            for server in self.server.robot_servers:
                server.send_state()
            self._touch()  # while the client computes
            self.clock.ns += 1_000_000
            self.steps += 1
            due_s += STEP_S
            left_s = due_s - time.monotonic()
            if left_s > 0.0:
                time.sleep(left_s)
            elif left_s < -STEP_S:  # a busy machine: arm and patient become slower together
                self.late += 1
                due_s = time.monotonic()

    def _touch(self) -> None:
        model, data = self.sim.model, self.sim.data
        T_base_ee = np.array(self.robot.kinematics(self.robot.inner_state.q).homogeneous)
        T_base_probe = T_base_ee @ np.array(self.robot.EE_T_K).reshape(4, 4, order="F")
        if self.T_patients_base is None:
            if self.arm.current_motion_id == 0:  # the probe is known once the client has told where it is
                return
            self.T_patients_base = np.eye(4)
            self.T_patients_base[:3, 3] = se3.apply(self.T_base_patient, START_M) - T_base_probe[:3, 3]
        body = model.body("robot0_fr3_link7").id
        jacp, jacr = np.zeros((3, model.nv)), np.zeros((3, model.nv))
        mujoco.mj_jac(model, data, jacp, jacr, T_base_probe[:3, 3], body)
        twist = np.concatenate([jacp @ data.qvel, jacr @ data.qvel])
        there = self.T_patients_base @ T_base_probe
        R = np.ascontiguousarray(there[:3, :3])
        wrench = self.patient.step(R, there[:3, 3].copy(), twist)
        force, torque = R @ wrench[:3], R @ wrench[3:]
        data.xfrc_applied[body, :3] = force
        data.xfrc_applied[body, 3:] = torque + np.cross(T_base_probe[:3, 3] - data.xipos[body], force)
        self.arm.estimate = wrench + BIAS + NOISE * self.noise.standard_normal(6)
        mujoco.mj_rne(model, data, 1, (bias := np.zeros(model.nv)))
        self.arm.torque_n_m = (bias - jacp.T @ force - jacr.T @ torque)[:7]
        if self.places and self.steps % PLACE_STEPS == 0:
            place = Place(
                self.clock.ns, time.time_ns(), there, self.T_patients_base[:3, 3], -wrench[2], self.patient.gel_m
            )
            with suppress(OSError):
                self.socket.sendto(pack_place(place), self.places)
        self.forces.append((time.monotonic_ns(), -float(wrench[2]), *T_base_probe[:3, 3].tolist()))

    def _carry_probe(self) -> None:
        """The probe's mass for the hand's; that of the fingers, which it cannot be without, goes to nearly nothing."""
        model = self.sim.model
        hand = model.body("robot0_hand")
        model.body_mass[hand.id], model.body_ipos[hand.id] = PROBE_KG, PROBE_COM_M
        model.body_inertia[hand.id] = (0.001, 0.001, 0.0003)
        for finger in ("robot0_left_finger", "robot0_right_finger"):
            model.body_mass[model.body(finger).id] = 1e-3
        mujoco.mj_forward(model, self.sim.data)

    def _listen(self) -> None:
        for line in sys.stdin:
            self.wanted.append(line.strip())
        self.wanted.append("quit")

    def _obey(self) -> None:
        while self.wanted:
            word = self.wanted.pop(0)
            arm = self.arm
            if word == "reflex":
                arm.stop_by_reflex(CARTESIAN_REFLEX)
            elif word in ("pull", "plug"):
                arm.pulled = word == "pull"
            elif word == "quit":
                self.stopped = True
            answer: dict[str, object] = {"did": word, "at_ns": time.monotonic_ns()}
            if word == "record":
                answer |= {
                    "ticks": arm.ticks,
                    "unanswered": arm.unanswered,
                    "late": self.late,
                    "steps": self.steps,
                    "error": arm.error,
                    "crossings": self.patient.limit_crossings,
                    "forces": self.forces,
                }
            self._say(answer)

    @staticmethod
    def _say(answer: dict[str, object]) -> None:
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    with suppress(PermissionError):  # an arm of hardware takes no turn on this machine's processors
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    server = PatientServer(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
    gc.collect()
    gc.disable()  # it would stop the arm for some 10 ms
    server.run()
