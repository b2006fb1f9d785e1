"""Node `simulator`: the virtual patient and arm, passing control ticks in lockstep with the rest of the graph."""

import math
from dataclasses import replace
from typing import Literal, cast

import numpy as np
from echopilot_msgs.msg import ExamState as ExamStateMsg
from echopilot_msgs.msg import PerceptionResult, SimTruth
from echopilot_msgs.msg import RobotState as RobotStateMsg
from echopilot_msgs.msg import SafetyState as SafetyStateMsg
from echopilot_msgs.srv import Freeze, SetImaging, SetPatient, ShiftPatient
from geometry_msgs.msg import TwistStamped
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from echopilot_core import EchoPilotError, Frame, RobotState, SafeTwist, SteadyClock, to_ns, to_s
from echopilot_nodes import conversions as conv
from echopilot_nodes import names, qos
from echopilot_nodes.conversions.truth import to_truth
from echopilot_nodes.lockstep import CONNECT_S, Gate
from echopilot_nodes.params import SimulatorParams, read_params
from echopilot_nodes.picture_thread import PictureThread
from echopilot_nodes.process import run
from echopilot_nodes.rates import EXAM_TICKS
from echopilot_nodes.simulator_topics import SimulatorTopics, without_wait
from echopilot_sim import anatomy
from echopilot_sim.arm.kinds import ArmName, arm_kind
from echopilot_sim.bmode.persistence import Persistence
from echopilot_sim.imaging_limits import check_imaging
from echopilot_sim.moment import ImagingSettings, Moment
from echopilot_sim.simulation import SimConfig, Simulation
from echopilot_sim.truth import truth_of

REPEAT_S = 0.1  # wall time after which an unanswered state is sent again
SAFETY, PERCEPTION = "safety", "perception"


class Simulator(Node):
    """Loop: publish tick k, wait for safety's answer to k (and for results that are due), advance."""

    def __init__(self) -> None:
        super().__init__("simulator")
        self._params = read_params(self, SimulatorParams)
        self._wall = SteadyClock()
        self._gate = Gate(self._wall, self._params.peer_timeout_s, CONNECT_S)
        self._topics = SimulatorTopics(self, arm_kind(self._params.arm))
        self._truth = self.create_publisher(SimTruth, names.SIM_TRUTH_FRAME, qos.EVENTS)
        self._pictures: PictureThread | None = None
        self._frozen: Frame | None = None
        self._is_frozen = False
        self._forces: dict[int, tuple[float, int]] = {}
        self._persistence = Persistence()
        self._imaging: ImagingSettings | None = None
        self._next_seed: int | None = None
        self._exam_active = False
        self._begun = False
        self._twist: SafeTwist | None = None
        self._tick_ns = 0
        self._start(self._params.seed)
        self.create_subscription(TwistStamped, names.ROBOT_SERVO_CV, self._on_twist, qos.COMMAND)
        self.create_subscription(SafetyStateMsg, names.SAFETY_STATE, self._on_safety, qos.ANSWER_LOCKSTEP)
        self.create_subscription(PerceptionResult, names.PERCEPTION_RESULT, self._on_result, qos.ANSWER_LOCKSTEP)
        self.create_subscription(ExamStateMsg, names.EXAM_STATE, self._on_exam, qos.ANSWER_LOCKSTEP)
        self.create_service(SetImaging, names.SET_IMAGING, self._on_imaging)
        self.create_service(Freeze, names.FREEZE, self._on_freeze)
        self.create_service(SetPatient, names.SET_PATIENT, self._on_patient)
        self.create_service(ShiftPatient, names.SHIFT_PATIENT, self._on_shift)

    def _start(self, seed: int) -> None:
        """A new patient at time zero; the first picture compiles the renderer before anybody waits."""
        patient = anatomy.draw_patient(seed)
        quality: Literal["full", "fast"] = "full" if self._params.quality == "full" else "fast"
        config = SimConfig(
            frame_hz=self._params.frame_hz,
            quality=quality,
            arm=cast(ArmName, self._params.arm),
            gel_m=self._params.gel,
        )
        warm_up = Simulation(patient, config)
        warm_up.render(warm_up.step(None).moments[0])
        self._simulation = Simulation(patient, config)
        if "anatomy" in vars(warm_up):
            vars(self._simulation)["anatomy"] = warm_up.anatomy  # baked once
        if self._pictures is not None:
            self._pictures.close()
        self._pictures = PictureThread(self._simulation.render, self._publish_picture, self._params.lockstep)
        self._gate.forget()
        self._twist = None
        self._tick_ns = 0
        self._begun = self._params.start == "immediately"
        self.get_logger().info(f"patient {seed} is ready")

    def run(self, executor: SingleThreadedExecutor) -> None:
        """Simulate until the context is shut down."""
        while True:
            self._topics.body(self._simulation)
            self._hold(executor)
            self._topics.surface(self._simulation)
            self._simulate(executor)
            if self._next_seed is not None:
                seed, self._next_seed = self._next_seed, None
                self._start(seed)

    def close(self) -> None:
        """End the rendering thread."""
        if self._pictures is not None:
            self._pictures.close()

    def _hold(self, executor: SingleThreadedExecutor) -> None:
        """Hold the first tick until an exam is active and, for a few seconds, until its peers are connected."""
        while not self._begun and self._next_seed is None:
            executor.spin_once(timeout_sec=REPEAT_S)
            self._topics.surface(self._simulation)
        last_ns = self._wall.now_ns() + to_ns(CONNECT_S)
        while self._params.start == "with_exam" and not self._topics.are_heard() and self._wall.now_ns() < last_ns:
            executor.spin_once(timeout_sec=REPEAT_S)

    def _simulate(self, executor: SingleThreadedExecutor) -> None:
        assert self._pictures is not None
        started_ns = self._wall.now_ns()
        command: SafeTwist | None = None
        while self._next_seed is None:
            tick = self._simulation.step(command)
            for moment in tick.moments:
                self._forces[moment.sequence] = (self._simulation.max_normal_force_n, self._simulation.limit_crossings)
            self._pictures.put(tick.moments)
            robot = self._await_results(executor, tick.robot)
            self._tick_ns = robot.stamp_ns
            message = self._topics.tick(self._simulation, robot)
            command = self._await_command(executor, robot, message)
            self._pace(executor, started_ns)
            if robot.tick % EXAM_TICKS == 0 and self._imaging is not None:
                self._simulation.imaging, self._imaging = self._imaging, None

    def _await_results(self, executor: SingleThreadedExecutor, robot: RobotState) -> RobotState:
        """Wait for the results due at this tick; without lockstep or without perception nobody is asked to wait."""
        assert self._pictures is not None
        due = robot.due_frame_sequence
        if not self._params.lockstep:
            return without_wait(robot)
        if due < 0:
            return robot
        while self._pictures.published_sequence < due:
            self._pictures.check()
            executor.spin_once(timeout_sec=0.002)
        self._gate.expect(PERCEPTION, due)
        while not self._gate.is_open():
            executor.spin_once(timeout_sec=0.05)
        return without_wait(robot) if self._is_absent(PERCEPTION) else robot

    def _await_command(
        self, executor: SingleThreadedExecutor, robot: RobotState, message: RobotStateMsg
    ) -> SafeTwist | None:
        """Wait for safety's answer to this tick; None when the tick has no twist."""
        if not self._params.lockstep:
            executor.spin_once(timeout_sec=0.0)
            self._pump(executor)
            twist, self._twist = self._twist, None
            return twist
        self._gate.expect(SAFETY, robot.stamp_ns)
        sent_ns = self._wall.now_ns()
        while not self._gate.is_open():
            executor.spin_once(timeout_sec=0.05)
            if self._wall.now_ns() - sent_ns > to_ns(REPEAT_S):
                self._topics.again(message)
                sent_ns = self._wall.now_ns()
        self._is_absent(SAFETY)
        if self._twist is None or self._twist.stamp_ns < robot.stamp_ns:
            self._pump(executor)  # the twist of a tick leaves before its state: had there been one, it is here
        twist, self._twist = self._twist, None
        return twist

    def _pump(self, executor: SingleThreadedExecutor) -> None:
        """Handle what has arrived already."""
        for _ in range(4):
            executor.spin_once(timeout_sec=0.0)

    def _pace(self, executor: SingleThreadedExecutor, started_ns: int) -> None:
        if self._params.realtime_factor <= 0.0:
            return
        due_ns = started_ns + round(self._simulation.now_ns / self._params.realtime_factor)
        while (left_ns := due_ns - self._wall.now_ns()) > 0:
            executor.spin_once(timeout_sec=to_s(left_ns))

    def _is_absent(self, peer: str) -> bool:
        absent = peer in self._gate.absent()
        if absent:
            self.get_logger().warning(f"{peer} is silent: going on without it", throttle_duration_sec=5.0)
        return absent

    def _publish_picture(self, moment: Moment, frame: Frame) -> None:
        peak_n, crossings = self._forces.pop(moment.sequence)
        if self._is_frozen and self._frozen is not None:
            imaging = replace(frame.imaging, frozen=True)
            self._topics.frame(replace(frame, image=self._frozen.image, imaging=imaging))
            return
        frame = self._persistence.show(frame, moment.imaging.persistence)
        self._frozen = frame
        self._topics.frame(frame)
        if self._params.publish_truth:
            truth = truth_of(self._simulation.anatomy, moment)
            self._truth.publish(to_truth(truth, moment, self._simulation.patient.seed, peak_n, crossings))

    def _on_twist(self, message: TwistStamped) -> None:
        self._twist = conv.from_safe_twist(message)
        self._gate.heard(SAFETY, self._twist.stamp_ns)

    def _on_safety(self, message: SafetyStateMsg) -> None:
        self._gate.heard(SAFETY, conv.from_time(message.header.stamp))

    def _on_result(self, message: PerceptionResult) -> None:
        self._gate.heard(PERCEPTION, message.sequence)

    def _on_exam(self, message: ExamStateMsg) -> None:
        self._exam_active = message.active
        self._begun = self._begun or message.active

    def _on_imaging(self, request: SetImaging.Request, response: SetImaging.Response) -> SetImaging.Response:
        now = self._simulation.imaging

        def left(asked: float, present: float) -> float:
            return present if math.isnan(asked) else asked

        asked = ImagingSettings(
            preset=request.preset or now.preset,
            depth_m=left(request.depth, now.depth_m),
            gain_db=left(request.gain, now.gain_db),
            focus_m=left(request.focus, now.focus_m),
            dynamic_range_db=left(request.dynamic_range, now.dynamic_range_db),
            tgc_db=tuple(request.tgc) or now.tgc_db,
            compounding=request.compounding or now.compounding,
            persistence=left(request.persistence, now.persistence),
        )
        try:
            check_imaging(asked)
        except EchoPilotError as error:
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
        elif request.name:
            response.message = "named patients are not there yet; give a seed and leave the name empty"
        elif request.seed < 0:
            response.message = f"seed is {request.seed}; valid: 0 and above"
        else:
            self._next_seed = request.seed
            response.success = True
            response.message = f"patient {request.seed} replaces {self._simulation.patient.seed}; time starts at zero"
        return response


def main() -> None:
    """Run the node until a signal comes."""
    run(Simulator)


if __name__ == "__main__":
    main()
