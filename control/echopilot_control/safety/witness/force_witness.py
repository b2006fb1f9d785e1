"""Joint verdict of the witnesses of the force sensor, tick by tick."""

from dataclasses import dataclass
from math import isnan

from echopilot_control.kinematics.chain import ArmKinematics
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.witness.sensor_check import SensorMemory, watch_sensor
from echopilot_control.safety.witness.skin_witness import DepthMemory, watch_skin
from echopilot_control.safety.witness.torque_witness import TorqueMemory, watch_torques
from echopilot_core import BodySurface, RobotState
from echopilot_core.robot import CONTACT_N, FREE_N

AIR_M = 0.006
"""Farther above the seen skin nothing is touched: error of the skin, a breath, and a face tilted by 20 degrees."""

NEAR_M = 0.008
"""Nearer to the seen skin the approach is slow."""

PROVEN_M = 0.004
"""Nearer to the seen skin the sensor has to be proven: a probe at 10 mm/s stops within 1 mm."""

TOUCH_M_S = 0.005
"""Largest speed into skin that is near and not yet felt: bone of 20 kN/m then gives 100 N/s."""

_LIGHT_N = 2.5
_DEAD_TICKS = 40  # in free air; a sensor that is tared reads nothing for 20 ticks


@dataclass(frozen=True)
class WitnessMemory:
    """Memories of the three witnesses, and for how many ticks the sensor has been dead."""

    torque: TorqueMemory = TorqueMemory()  # noqa: RUF009
    skin: DepthMemory = DepthMemory()  # noqa: RUF009
    sensor: SensorMemory = SensorMemory()  # noqa: RUF009
    dead_ticks: int = 0

    @property
    def near_skin(self) -> bool:
        """The face is near the skin, or no skin is seen."""
        return not self.skin.depth_m < -NEAR_M

    @property
    def next_to_skin(self) -> bool:
        """The face is about to touch the skin, or no skin is seen."""
        return not self.skin.depth_m < -PROVEN_M


def watch_force(
    memory: WitnessMemory, at: ArmKinematics | None, robot: RobotState, surface: BodySurface | None, now_ns: int
) -> tuple[WitnessMemory, list[Reason]]:
    """Memory and reasons after one finite robot state; `at` is the arm at its joints, None where that is unknown."""
    torque = watch_torques(at, memory.torque, robot)
    skin = watch_skin(memory.skin, robot, surface, now_ns)
    in_air = skin.depth_m < -AIR_M
    force_n = robot.contact_force_n
    felt_n = max(abs(torque.force.joints_n) - torque.force.unsure_n, 0.0) if torque.force is not None else 0.0
    free = felt_n < _LIGHT_N and (in_air or (abs(force_n) < FREE_N and torque.force is not None))
    sensor = watch_sensor(memory.sensor, robot, free)
    dead_ticks = memory.dead_ticks + 1 if sensor.dead else 0
    after = WitnessMemory(torque, skin, sensor, dead_ticks)
    reasons: list[Reason] = []
    if torque.force is None:
        reasons.append(Reason.FORCE_UNWITNESSED)
    if torque.contradicted:
        reasons.append(Reason.FORCE_CONTRADICTED)
    if skin.unfelt:
        reasons.append(Reason.FORCE_UNFELT)
    if sensor.wrong:
        reasons.append(Reason.FORCE_WRONG)
    if sensor.dead and not in_air and (force_n > CONTACT_N or felt_n > _LIGHT_N):
        reasons.append(Reason.FORCE_STUCK)
    elif dead_ticks >= _DEAD_TICKS:
        reasons.append(Reason.FORCE_DEAD)
    if not sensor.proven and after.next_to_skin and force_n < CONTACT_N and felt_n < _LIGHT_N:
        reasons.append(Reason.FORCE_UNPROVEN)
    return after, reasons


def touch_speed_m_s(memory: WitnessMemory, force_n: float) -> float | None:
    """Largest speed into the patient [m/s] while skin is near and not felt; None otherwise."""
    return TOUCH_M_S if memory.near_skin and force_n < CONTACT_N and not isnan(force_n) else None
