"""The force sensor's own behavior: noise, repeats, offset and weight in free air, repeats in contact."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from echopilot_core import Array, RobotState

NOISE_N = 0.1
"""Standard deviation of a sample of the sensor; that of another sensor has to be declared here."""

NOISE_SHARE = (0.4, 2.5)
"""A block of 30 samples tells the noise within 52 % (four standard deviations); gain and unit are told beyond that."""

OFFSET_N, OFFSET_N_M = 1.5, 0.1
"""Largest mean in free air after taring: a drift of 0.2 N, five times over, and the weight left by 5 % of mass."""

WEIGHT_KG = 0.15
"""Weight that tool compensation may leave, a third of the tool; drift between two orientations looks like 0.05 kg."""

BLOCK_TICKS = 30
LAGS = 400  # 4 s: repeats of a longer recording are left to the other witnesses
_SAME_TICKS = 3
_RUN_TICKS = 25  # equal samples of probe z alone; a coarse one of 0.1 N repeats 3 times by chance
_SPREAD = 0.02  # of the direction of gravity in probe, squared: 8 degrees
_FORGET = 0.95


@dataclass(frozen=True, eq=False)
class SensorMemory:
    """Past forces along probe z, the lengths of the runs that repeat them by their lag, and sums over free air.

    `dead`: samples repeat themselves. `wrong`: in free air noise, offset or weight are not those of the sensor.
    `proven`: the last block in free air was good, and nothing bad was noticed since.
    """

    stamp_ns: int = -1
    wrench: Array | None = None
    same_ticks: int = 0
    history_n: Array | None = None
    runs: Mapping[int, int] = field(default_factory=dict)
    count: int = 0
    total: Array | None = None
    squares: Array | None = None
    tilt: tuple[float, Array, Array, float, float] | None = None
    wrong: bool = False
    proven: bool = False

    @property
    def dead(self) -> bool:
        """The samples repeat themselves: constant, or a recording."""
        return self.same_ticks >= _SAME_TICKS or max(self.runs.values(), default=0) >= _RUN_TICKS


def watch_sensor(memory: SensorMemory, robot: RobotState, in_air: bool) -> SensorMemory:
    """Memory after one finite robot state; `in_air` when nothing can touch the probe, whatever the sensor says."""
    if robot.stamp_ns == memory.stamp_ns:
        return memory
    wrench, force_n = robot.wrench, float(robot.wrench[2])
    history_n = memory.history_n if memory.history_n is not None else np.full(LAGS, np.nan)
    last = memory.wrench
    same = last is not None and float(last[2]) == force_n and bool((last == wrench).all())
    runs = {lag: memory.runs.get(lag, 0) + 1 for lag in np.flatnonzero(history_n == force_n).tolist()}
    history_n = np.concatenate([[force_n], history_n[:-1]])
    same_ticks = memory.same_ticks + 1 if same else 0
    count, total, squares = 0, None, None
    tilt, wrong, proven = memory.tilt, memory.wrong, memory.proven
    if in_air:
        count = memory.count + 1
        total = wrench if memory.total is None else memory.total + wrench
        squares = wrench**2 if memory.squares is None else memory.squares + wrench**2
        if count >= BLOCK_TICKS:
            mean = total / count
            spread_n = np.sqrt(np.maximum(squares / count - mean**2, 0.0))[:3]
            tilt = _tilted(tilt, mean[:3], -robot.T_base_probe[2, :3])
            wrong = not _good(mean, spread_n, tilt)
            proven, count, total, squares = not wrong, 0, None, None
    after = SensorMemory(
        robot.stamp_ns, wrench, same_ticks, history_n, runs, count, total, squares, tilt, wrong, proven
    )
    return after if not after.dead else _distrusted(after)


def left_weight_kg(tilt: tuple[float, Array, Array, float, float] | None) -> float:
    """Mass [kg] that the compensation of the tool left, by least squares over orientations; 0 where they are alike."""
    if tilt is None:
        return 0.0
    n, force, down, down_force, down_down = tilt
    spread = down_down / n - float(down @ down) / n**2
    if spread < _SPREAD:
        return 0.0
    return float((down_force / n - float(down @ force) / n**2) / (spread * 9.81))


def _good(mean: Array, spread_n: Array, tilt: tuple[float, Array, Array, float, float]) -> bool:
    low, high = (share * NOISE_N for share in NOISE_SHARE)
    return (
        bool((spread_n > low).all())
        and bool((spread_n < high).all())
        and float(mean[:3] @ mean[:3]) < OFFSET_N**2
        and float(mean[3:] @ mean[3:]) < OFFSET_N_M**2
        and abs(left_weight_kg(tilt)) < WEIGHT_KG
    )


def _tilted(
    tilt: tuple[float, Array, Array, float, float] | None, force_n: Array, down: Array
) -> tuple[float, Array, Array, float, float]:
    """Sums over blocks, older ones forgotten: number, mean forces (3,) [N], gravity's direction (3,), products."""
    n, force, downs, down_force, down_down = tilt or (0.0, np.zeros(3), np.zeros(3), 0.0, 0.0)
    keep = _FORGET
    return (
        keep * n + 1.0,
        keep * force + force_n,
        keep * downs + down,
        keep * down_force + float(down @ force_n),
        keep * down_down + float(down @ down),
    )


def _distrusted(memory: SensorMemory) -> SensorMemory:
    return SensorMemory(
        memory.stamp_ns, memory.wrench, memory.same_ticks, memory.history_n, memory.runs, tilt=memory.tilt
    )
