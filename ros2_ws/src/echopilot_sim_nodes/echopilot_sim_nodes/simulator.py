"""Node `simulator`: the virtual patient and arm, passing control ticks in lockstep with the rest of the graph."""

import uuid
from dataclasses import replace
from operator import attrgetter
from typing import Literal, cast

import numpy as np
from echopilot_msgs.msg import ExamState as ExamStateMsg
from echopilot_msgs.msg import PerceptionResult, SimTruth
from echopilot_msgs.msg import SafetyState as SafetyStateMsg
from echopilot_msgs.srv import SetPatient, ShiftPatient
from geometry_msgs.msg import TwistStamped
from rclpy.executors import Executor
from rclpy.node import Node
from ultrasound_msgs.srv import Freeze, SetImaging

from echopilot_core import (
    EchoPilotError,
    Frame,
    RobotInputs,
    RobotState,
    SafeTwist,
    SafetyMode,
    SafetyState,
    ScannerSettings,
    SteadyClock,
    to_ns,
    to_s,
)
from echopilot_core.robot_interface import FUTURE_NS
from echopilot_core.timing import CONNECT_S, EXAM_TICKS, TICK_NS, LockstepBarrier
from echopilot_nodes.bonds import ROBOT, Bond, BondState, Peers
from echopilot_nodes.diagnostics.health import Health, Severity
from echopilot_nodes.diagnostics.publisher import Diagnostics
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.inlet import Inlet
from echopilot_nodes.graph.outlet import Outlet
from echopilot_nodes.graph.params import read_params
from echopilot_nodes.graph.process import run
from echopilot_nodes.graph.speakers import NOBODY, SpeakerCount, speakers
from echopilot_sim import anatomy
from echopilot_sim.anatomy import Patient
from echopilot_sim.arm.arm_models import ArmName, arm_model
from echopilot_sim.bmode.imaging_limits import check_imaging
from echopilot_sim.bmode.persistence import Persistence
from echopilot_sim.compile_hint import compile_hint
from echopilot_sim.frame_state import FrameState
from echopilot_sim.render_thread import RenderThread
from echopilot_sim.simulation import SimConfig, Simulation
from echopilot_sim.truth.frame_truth import truth_of
from echopilot_sim_nodes.imaging_request import asked_settings
from echopilot_sim_nodes.params import SimulatorParams
from echopilot_sim_nodes.simulator_topics import SimulatorTopics, without_wait
from echopilot_sim_nodes.truth_message import to_truth
from echopilot_wire import from_result, from_safe_twist, from_safety_state

IMAGE_S = 0.05  # wall time between looks at what has arrived while an image is rendered
REPEAT_S = 0.1  # wall time after which an unanswered state is sent again
LOOK_S = 0.02  # wall time between looks at the bonds while an answer is due
LONG_S = 5.0  # a wait that is worth a line
JOIN_S = 60.0  # for peers that live to be found by DDS before the first tick
COUNT_TICKS = 10
SAFETY, PERCEPTION = "safety", "perception"
COMMANDS = speakers(lambda speaker: speaker.on_robot == NOBODY)  # twists, then states of safety


class Simulator(Node):
    """Loop: publish tick k, wait for safety's answer to k (and for results that are due), advance.

    In lockstep a peer that lives is waited for, however long it takes; every tick without one that has ended or was
    stopped is counted and told to the exam.
    """

    def __init__(self, name: str = "simulator") -> None:
        super().__init__(name)
        self._params = read_params(self, SimulatorParams)
        self._wall = SteadyClock()
        namespace, lockstep = self.get_namespace(), self._params.lockstep
        self._bond = Bond(namespace, ROBOT, BondState(session=uuid.uuid4().hex, lockstep=lockstep))
        self._peers = Peers(namespace, (SAFETY, PERCEPTION), self.get_logger().error)
        self._barrier = LockstepBarrier(self._wall, self._params.peer_timeout_s, CONNECT_S, self._peers)
        self._topics = SimulatorTopics(self, arm_model(self._params.arm))
        self._truth = Outlet(self, SimTruth, topics.SIM_TRUTH_FRAME, to_truth, qos.EVENTS)
        self._images: RenderThread | None = None
        self._frozen: Frame | None = None
        self._is_frozen = False
        self._forces: dict[int, tuple[float, int]] = {}
        self._persistence = Persistence()
        self._imaging: ScannerSettings | None = None
        self._next_patient: Patient | None = None
        self._exam_active = False
        self._begun = False
        self._twist: SafeTwist | None = None
        self._safety: SafetyState | None = None
        self._speakers = SpeakerCount(self, COMMANDS)
        self._publishers_of_commands = [1] * len(COMMANDS)
        self._tick_ns = 0
        self._paced_from: tuple[int, float] = (0, 0.0)  # simulated [ns] and wall time [s] of the last look at the pace
        self._start(_patient(self._params.patient, self._params.seed))
        self._diagnostics = Diagnostics(self, self._health, hardware_id=f"simulated {self._params.arm}")
        profile = qos.ANSWER_LOCKSTEP
        Inlet(self, TwistStamped, topics.ROBOT_SERVO_CV, from_safe_twist, qos.COMMAND, self._on_twist)
        self._safeties = Inlet(self, SafetyStateMsg, topics.SAFETY_STATE, from_safety_state, profile, self._on_safety)
        self._results = Inlet(
            self, PerceptionResult, topics.PERCEPTION_RESULT, from_result, profile, on_data=self._on_result
        )
        Inlet(self, ExamStateMsg, topics.EXAM_STATE, attrgetter("active"), profile, self._on_exam)
        self.create_service(SetImaging, topics.SET_IMAGING, self._on_imaging)
        self.create_service(Freeze, topics.FREEZE, self._on_freeze)
        self.create_service(SetPatient, topics.SET_PATIENT, self._on_patient)
        self.create_service(ShiftPatient, topics.SHIFT_PATIENT, self._on_shift)

    def _start(self, patient: Patient) -> None:
        """Start a patient at time zero, after a first frame has compiled the kernels."""
        quality: Literal["full", "fast"] = "full" if self._params.quality == "full" else "fast"
        config = SimConfig(
            frame_hz=self._params.frame_hz,
            quality=quality,
            arm=cast(ArmName, self._params.arm),
            gel_m=self._params.gel,
        )
        if hint := compile_hint():
            self.get_logger().info(hint)
        warm_up = Simulation(patient, config)
        warm_up.render(warm_up.step(None).acquisitions[0])
        self._simulation = self._beginning(warm_up)
        if self._images is not None:
            self._images.close()
        self._images = RenderThread(self._simulation.render, self._publish_image, self._params.lockstep)
        self._barrier.forget()
        self._twist = self._safety = None
        self._tick_ns = self._simulation.now_ns
        self._begun = self._params.start == "immediately"
        self.get_logger().info(f"patient {_title(patient)} is ready")

    def _beginning(self, warm_up: Simulation) -> Simulation:
        """The simulation before its first tick; `warm_up` has the patient and the settings."""
        return warm_up.restarted()

    def run(self, executor: Executor) -> None:
        """Simulate until the context is shut down."""
        while True:
            self._topics.body(self._simulation)
            self._hold(executor)
            self._topics.surface(self._simulation)
            self._simulate(executor)
            self._start_next_patient()

    def _start_next_patient(self) -> None:
        if self._next_patient is not None:
            patient, self._next_patient = self._next_patient, None
            self._start(patient)
            self._bond.say(session=uuid.uuid4().hex)

    def close(self) -> None:
        """End the rendering thread and say goodbye."""
        if self._images is not None:
            self._images.close()
        self._peers.close()
        self._bond.close()

    def _health(self) -> Health:
        (then_ns, then_s), now_ns, now_s = self._paced_from, self._tick_ns, to_s(self._wall.now_ns())
        self._paced_from = now_ns, now_s
        values: dict[str, object] = {
            "patient": _title(self._simulation.patient),
            "simulated time [s]": to_s(now_ns),
            "real-time factor": max(to_s(now_ns - then_ns), 0.0) / max(now_s - then_s, 1e-9),
            "ticks without a peer": sum(self._barrier.breaks.values()),
        }
        return Health("simulates" if now_ns != then_ns else "time stands still", Severity.OK, values)

    def _hold(self, executor: Executor) -> None:
        """Hold the first tick until an exam is active and, for a few seconds, until its peers are connected."""
        while not self._begun and self._next_patient is None:
            executor.spin_once(timeout_sec=REPEAT_S)
            self._topics.surface(self._simulation)
        began_ns = self._wall.now_ns()
        while self._params.start == "with_exam" and not self._topics.have_subscribers():
            self._peers.poll()
            patience_s = JOIN_S if all(map(self._peers.is_bonded, (SAFETY, PERCEPTION))) else CONNECT_S
            if self._wall.now_ns() - began_ns > to_ns(patience_s):
                break
            executor.spin_once(timeout_sec=REPEAT_S)

    def _simulate(self, executor: Executor) -> None:
        assert self._images is not None
        started_ns = self._wall.now_ns() - round(self._simulation.now_ns / (self._params.realtime_factor or 1.0))
        inputs = RobotInputs(None, None)
        while self._next_patient is None:
            tick = self._simulation.advance(inputs)
            for frame_state in tick.acquisitions:
                self._forces[frame_state.sequence] = (
                    self._simulation.max_normal_force_n,
                    self._simulation.limit_crossings,
                )
            self._images.put(tick.acquisitions)
            robot = self._await_results(executor, tick.robot)
            self._tick_ns = robot.stamp_ns
            state = self._topics.tick(self._simulation, robot)
            twist = self._await_command(executor, robot, state)
            if robot.tick % COUNT_TICKS == 0:
                self._publishers_of_commands = list(map(self._speakers.count, COMMANDS))
            inputs = RobotInputs(twist, self._safety, *self._publishers_of_commands)
            self._pace(executor, started_ns)
            if robot.tick % EXAM_TICKS == 0 and self._imaging is not None:
                self._simulation.imaging, self._imaging = self._imaging, None

    def _await_results(self, executor: Executor, robot: RobotState) -> RobotState:
        """Wait for the results due at this tick; without lockstep or without perception nobody is asked to wait."""
        assert self._images is not None
        due = robot.due_frame_sequence
        if not self._params.lockstep:
            return without_wait(robot)
        if due < 0:
            return robot
        while not self._images.wait(due, IMAGE_S):
            executor.spin_once(timeout_sec=0.0)
        self._barrier.expect(PERCEPTION, due)
        while self._waits():
            executor.spin_once(timeout_sec=LOOK_S)
        return without_wait(robot) if self._is_absent(PERCEPTION) else robot

    def _await_command(self, executor: Executor, robot: RobotState, state: bytes) -> SafeTwist | None:
        """Wait for safety's answer to this tick; None when the tick has no twist."""
        if not self._params.lockstep:
            executor.spin_once(timeout_sec=0.0)
            self._pump(executor)
            twist, self._twist = self._twist, None
            return twist
        self._barrier.expect(SAFETY, robot.stamp_ns, TICK_NS)
        sent_ns = self._wall.now_ns()
        while self._waits() or self._lacks_twist(robot):
            executor.spin_once(timeout_sec=LOOK_S)
            if self._wall.now_ns() - sent_ns > to_ns(REPEAT_S):
                self._topics.again(state)
                sent_ns = self._wall.now_ns()
        self._is_absent(SAFETY)
        if self._twist is None or self._twist.stamp_ns < robot.stamp_ns:
            self._pump(executor)  # the twist of a tick leaves before its state: had there been one, it is here
        twist, self._twist = self._twist, None
        return twist

    def _waits(self) -> bool:
        """Whether an answer is due from a peer that lives; says so when it takes long."""
        self._peers.poll()
        self._speakers.note_ended(self._peers.lost())
        if self._barrier.is_open():
            return False
        if self._barrier.waited_s() > LONG_S:
            peers = ", ".join(self._barrier.missing())
            self.get_logger().warning(
                f"waits for {peers}: no answer for more than {LONG_S:g} s, though it runs", throttle_duration_sec=10.0
            )
        return True

    def _lacks_twist(self, robot: RobotState) -> bool:
        """Whether safety let the command of this tick pass and the twist is still on its way."""
        safety, twist = self._safety, self._twist
        passed = safety is not None and safety.stamp_ns == robot.stamp_ns and safety.mode is SafetyMode.OK
        return passed and not self._peers.is_away(SAFETY) and (twist is None or twist.stamp_ns < robot.stamp_ns)

    def _pump(self, executor: Executor) -> None:
        """Handle what has arrived already, beside which the timer of the diagnostics may be due."""
        for _ in range(5):
            executor.spin_once(timeout_sec=0.0)

    def _pace(self, executor: Executor, started_ns: int) -> None:
        if self._params.realtime_factor <= 0.0:
            return
        due_ns = started_ns + round(self._simulation.now_ns / self._params.realtime_factor)
        while (left_ns := due_ns - self._wall.now_ns()) > 0:
            executor.spin_once(timeout_sec=to_s(left_ns))

    def _is_absent(self, peer: str) -> bool:
        absent = peer in self._barrier.absent()
        if absent:
            self._bond.say(breaks=dict(self._barrier.breaks))
            if self._exam_active:
                self.get_logger().warning(
                    f"{peer} has ended or was stopped: {self._barrier.breaks[peer]} ticks without it so far",
                    throttle_duration_sec=5.0,
                )
        return absent

    def _publish_image(self, frame_state: FrameState, frame: Frame) -> None:
        peak_n, crossings = self._forces.pop(frame_state.sequence)
        if self._is_frozen and self._frozen is not None:
            imaging = replace(frame.imaging, frozen=True)
            self._topics.frame(replace(frame, image=self._frozen.image, imaging=imaging))
            return
        frame = self._persistence.show(frame, frame_state.imaging.persistence)
        self._frozen = frame
        self._topics.frame(frame)
        if self._params.publish_truth:
            truth = truth_of(self._simulation.anatomy, frame_state)
            self._truth.send(truth, frame_state, self._simulation.patient.seed, peak_n, crossings)

    def _on_twist(self, twist: SafeTwist) -> None:
        self._twist = twist

    def _on_safety(self, state: SafetyState) -> None:
        self._barrier.received(SAFETY, state.stamp_ns)
        if state.stamp_ns > self._tick_ns + FUTURE_NS:
            self._safeties.refuse(f"its stamp lies {to_s(state.stamp_ns - self._tick_ns):.3g} s ahead")
        elif self._safety is None or state.stamp_ns >= self._safety.stamp_ns:
            self._safety = state

    def _on_result(self, sequence: int, _: bytes) -> None:
        if not self._barrier.received(PERCEPTION, sequence):
            self._results.refuse(f"frame {sequence} cannot exist yet")

    def _on_exam(self, active: bool) -> None:
        self._exam_active = active
        self._begun = self._begun or active

    def _on_imaging(self, request: SetImaging.Request, response: SetImaging.Response) -> SetImaging.Response:
        try:
            asked = asked_settings(request, self._imaging or self._simulation.imaging)
            check_imaging(asked)
        except (EchoPilotError, ValueError) as error:
            response.message = str(error)
        else:
            self._imaging = asked
            response.success = True
            response.message = "acts from the next exam tick on"
        return response

    def _on_shift(self, request: ShiftPatient.Request, response: ShiftPatient.Response) -> ShiftPatient.Response:
        move = request.translation
        try:
            self._simulation.shift_patient(np.array([move.x, move.y, move.z]), request.yaw)
        except EchoPilotError as error:
            response.message = str(error)
        else:
            response.success = True
            response.message = "the patient moves"
        return response

    def _on_freeze(self, request: Freeze.Request, response: Freeze.Response) -> Freeze.Response:
        self._is_frozen = request.frozen
        response.success = True
        response.message = "frozen" if request.frozen else "live"
        return response

    def _on_patient(self, request: SetPatient.Request, response: SetPatient.Response) -> SetPatient.Response:
        if self._exam_active:
            response.message = "an exam is running; stop it first"
            return response
        try:
            patient = _patient(request.name, request.seed)
        except EchoPilotError as error:
            response.message = str(error)
        else:
            self._next_patient = patient
            response.success = True
            response.message = (
                f"patient {_title(patient)} replaces {_title(self._simulation.patient)}; time starts at zero"
            )
        return response


def _patient(name: str, seed: int) -> Patient:
    return anatomy.named_patient(name) if name else anatomy.sample_patient(seed)


def _title(patient: Patient) -> str:
    return patient.name or str(patient.seed)


def main() -> None:
    """Run the node until a signal comes."""
    run(Simulator)


if __name__ == "__main__":
    main()
