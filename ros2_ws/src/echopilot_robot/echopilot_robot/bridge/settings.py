"""Settings of a bridge: where the sensor sits, how it is filtered, the posture of free motion, what is refused."""

from dataclasses import dataclass

from echopilot_core import EchoPilotError

SENSOR_SIGNS = (1, -1)


@dataclass(frozen=True)
class BridgeSettings:
    """Settings of a bridge; what is left out is as for an arm with its sensor at the probe.

    Attributes:
        sensor_link: link of the robot's description in whose frame the sensor reads.
        sensor_sign: 1 where the sensor tells the force on the tool, -1 where it tells the force of the tool.
        filter_ns: window of the mean over wrenches [ns]; the delay of the force is half of it.
        rest_rad: joint positions (n) that free motion returns to; () for those at the start.
        pull_1_s: how fast each joint (n) would return there [1/s]; () for 0.4 each.
        own_clock: the driver's clock may count from any time; its stamps are then moved by the offset found.
        self_collision: refuse motions that bring two links of the arm together.
        silent_ns: longest time without a sample [ns]; the arm is told to stop then.
        tare_ns: time of the mean that gives the sensor's bias at the start, in free air and at rest [ns].
    """

    sensor_link: str = "probe"
    sensor_sign: int = 1
    filter_ns: int = 4_000_000
    rest_rad: tuple[float, ...] = ()
    pull_1_s: tuple[float, ...] = ()
    own_clock: bool = False
    self_collision: bool = True
    silent_ns: int = 100_000_000
    tare_ns: int = 200_000_000

    def __post_init__(self) -> None:
        """Raise EchoPilotError, with what is valid, for what cannot be."""
        if self.sensor_sign not in SENSOR_SIGNS:
            raise EchoPilotError(f"sensor_sign is {self.sensor_sign}; choose 1 (force on the tool) or -1 (of the tool)")
        if not 0 <= self.filter_ns <= 50_000_000:
            raise EchoPilotError(f"a filter of {1e-9 * self.filter_ns:g} s is impossible; choose 0 to 0.05 s")
