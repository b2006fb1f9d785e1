"""ROS parameters of the simulator and the scorer."""

from dataclasses import dataclass

from echopilot_nodes.graph.params import param
from echopilot_sim.arm.arm_models import ARM_NAMES
from echopilot_sim.physics.coupling_gel import PLENTY_M


@dataclass(frozen=True)
class SimulatorParams:
    """The `simulator` node."""

    seed: int = param(600_000, "virtual patient", low=0)
    patient: str = param("", "virtual patient by name, in the place of a seed")
    quality: str = param("fast", "B-mode renderer", choices=("fast", "full"))
    frame_hz: float = param(30.0, "images per simulated second", low=1.0, high=60.0)
    lockstep: bool = param(True, "wait for the command of every tick and the result of every frame")
    start: str = param(
        "immediately",
        "with_exam: hold tick 0 until an exam is active, so that runs repeat exactly",
        choices=("immediately", "with_exam"),
    )
    realtime_factor: float = param(1.0, "fastest simulated seconds per wall second; 0: as fast as possible", low=0.0)
    peer_timeout_s: float = param(0.5, "wall time after which a silent peer counts as absent [s]", low=0.01)
    arm: str = param("fr3_like", "robot that holds the probe", choices=ARM_NAMES)
    gel: float = param(PLENTY_M, "film of coupling gel on the face at the start [m]", low=0.0, high=0.1)
    publish_truth: bool = param(True, "publish sim/truth (read by the scorer alone)")


@dataclass(frozen=True)
class GzRobotParams:
    """The `gz_robot` node, beside the parameters of the simulator."""

    world: str = param("echopilot_bench", "name of Gazebo's world")


@dataclass(frozen=True)
class ArmDriverParams:
    """The `arm_driver` node."""

    seed: int = param(600_000, "virtual patient", low=0)
    quality: str = param("fast", "B-mode renderer", choices=("fast", "full"))
    frame_hz: float = param(15.0, "images per second", low=1.0, high=60.0)
    rate: float = param(500.0, "samples per second [Hz]: 1000, 500, 250, 200, 125 or 100", low=100.0)
    arm: str = param("fr3_like", "robot that holds the probe", choices=ARM_NAMES)
    gel: float = param(PLENTY_M, "film of coupling gel on the face at the start [m]", low=0.0, high=0.1)
    stamps: str = param("ros", "stamps of the samples, to try faults", choices=("ros", "zero", "stand"), live=True)
    clock_shift: float = param(0.0, "shift of the driver's clock [s], to try faults", live=True)


@dataclass(frozen=True)
class ScorerParams:
    """The `scorer` node."""

    summary: str = param("", "JSON file that scores are merged into; empty: summary.json in the exam's folder")
    truth: str = param("", "file that the truth is written to, for scoring again; empty: none")
