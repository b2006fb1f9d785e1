"""Random faults of a force-only run: what goes wrong, when, and how it is done to the loop; all from one seed."""

from collections import deque
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from echopilot_core import ProbeCommand, RobotState, SafeTwist
from echopilot_lab.force_run import Script
from echopilot_sim.simulation import Simulation

Rng = np.random.Generator
SHIFT_SOFT_M, SHIFT_M = 0.010, 0.005  # of the patient, along the probe; the smaller one above 1 kN/m


@dataclass(frozen=True)
class Fault:
    """One fault of a kind over the ticks `start` .. `end` - 1, with a size whose meaning the kind gives."""

    kind: str
    start: int
    end: int
    size: float

    def now(self, tick: int) -> bool:
        return self.start <= tick < self.end


# kind: longest duration [ticks], range of the size
KINDS: dict[str, tuple[int, float, float]] = {
    "wrench_nan": (40, 0.0, 1.0),  # below 0.5 the controller alone is blind, else safety too
    "state_frozen": (60, 0.0, 0.0),
    "state_late": (100, 1.0, 5.0),  # by so many ticks
    "state_missing": (60, 0.0, 0.0),  # to safety
    "wrench_spike": (2, -30.0, 30.0),  # N, seen by all
    "sensor_bias": (1, -2.0, 2.0),  # N, for good, in the sensor itself
    "command_lost": (200, 0.1, 0.9),  # share that is lost
    "command_silence": (300, 0.0, 0.0),
    "command_late": (150, 1.0, 10.0),  # by so many ticks
    "command_reordered": (100, 0.0, 0.0),
    "command_repeated": (150, 0.0, 0.0),
    "command_nan": (30, 0.0, 0.0),
    "command_wild": (30, 0.02, 100.0),  # m/s into the patient
    "twist_lost": (200, 0.1, 1.0),  # between safety and robot: share
    "twist_late": (100, 1.0, 10.0),
    "setpoint_jump": (300, -10.0, 60.0),  # N
    "setpoint_nan": (100, 0.0, 0.0),
    "clock_jump": (1, -2.0, 2.0),  # s, for good
    "patient_shift": (1, -1.0, 1.0),  # times the largest, along the probe, within half a second
    "patient_slide": (300, 0.1, 0.25),  # Hz, 40 mm along the body: over the costal margin onto ribs
}


def draw_faults(rng: Rng, first: int, last: int) -> tuple[Fault, ...]:
    """One to four faults that start in the ticks `first` .. `last` - 1; they may overlap."""
    names = list(KINDS)
    faults = []
    for _ in range(int(rng.integers(1, 5))):
        kind = names[int(rng.integers(len(names)))]
        longest, low, high = KINDS[kind]
        start = int(rng.integers(first, last))
        faults.append(Fault(kind, start, start + int(rng.integers(1, longest + 1)), float(rng.uniform(low, high))))
    return tuple(faults)


@dataclass
class Disturbed:
    """Does faults to the loop through the hooks of a `Script`; remembers what passed, to repeat or delay it."""

    faults: tuple[Fault, ...]
    rng: Rng
    stiffness_n_m: float
    setpoint_n: float = 5.0
    _robots: deque[RobotState] = field(default_factory=lambda: deque(maxlen=12))
    _commands: deque[ProbeCommand] = field(default_factory=lambda: deque(maxlen=12))
    _twists: deque[SafeTwist | None] = field(default_factory=lambda: deque(maxlen=12))
    _frozen: RobotState | None = None

    def script(self) -> Script:
        """The hooks."""
        return Script(
            force_n=self._force_n,
            before=self._before,
            controller=self._controller,
            safety=self._safety,
            command=self._command,
            twist=self._twist,
            now_ns=self._now_ns,
        )

    def _on(self, kind: str, tick: int) -> Fault | None:
        return next((f for f in self.faults if f.kind == kind and f.now(tick)), None)

    def _force_n(self, tick: int) -> float:
        if self._on("setpoint_nan", tick):
            return float("nan")
        jump = self._on("setpoint_jump", tick)
        return self.setpoint_n if jump is None else jump.size

    def _before(self, tick: int, simulation: Simulation) -> None:
        for fault in self.faults:
            if fault.kind == "patient_slide" and fault.start == tick:
                simulation.sway_patient(np.array([0.0, -0.04, 0.0]), fault.size)
            if fault.kind == "patient_shift" and fault.start == tick:
                most_m = SHIFT_SOFT_M if self.stiffness_n_m <= 1000.0 else SHIFT_M
                simulation.shift_patient(np.array([0.0, 0.0, fault.size * most_m]))
            if fault.kind == "sensor_bias" and fault.start == tick:
                simulation.bias_force(np.array([0.0, 0.0, fault.size, 0.0, 0.0, 0.0]))

    def _controller(self, tick: int, robot: RobotState) -> RobotState:
        self._robots.append(robot)
        return self._spoilt(tick, robot, controller=True)

    def _safety(self, tick: int, robot: RobotState) -> RobotState | None:
        if self._on("state_missing", tick):
            return None
        return self._spoilt(tick, robot, controller=False)

    def _spoilt(self, tick: int, robot: RobotState, controller: bool) -> RobotState:
        late = self._on("state_late", tick)
        if late is not None:
            robot = self._robots[max(len(self._robots) - 1 - round(late.size), 0)]
        frozen = self._on("state_frozen", tick)
        if frozen is not None:
            self._frozen = self._frozen or robot
            robot = self._frozen
        else:
            self._frozen = None
        spike = self._on("wrench_spike", tick)
        if spike is not None:
            robot = replace(robot, wrench=robot.wrench + np.array([0.0, 0.0, -spike.size, 0.0, 0.0, 0.0]))
        blind = self._on("wrench_nan", tick)
        if blind is not None and (controller or blind.size > 0.5):
            robot = replace(robot, wrench=np.full(6, np.nan))
        return robot

    def _command(self, tick: int, command: ProbeCommand) -> ProbeCommand | None:
        self._commands.append(command)
        lost = self._on("command_lost", tick)
        if self._on("command_silence", tick) or (lost is not None and self.rng.random() < lost.size):
            return None
        late = self._on("command_late", tick)
        if late is not None:
            command = self._commands[max(len(self._commands) - 1 - round(late.size), 0)]
        if self._on("command_reordered", tick):
            command = self._commands[int(self.rng.integers(len(self._commands)))]
        repeated = self._on("command_repeated", tick)
        if repeated is not None:
            back = min(tick - repeated.start + 1, len(self._commands))
            command = self._commands[-back]
        if self._on("command_nan", tick):
            command = replace(command, twist=np.full(6, np.nan))
        wild = self._on("command_wild", tick)
        if wild is not None and self._robots:
            push: NDArray[np.float64] = wild.size * self._robots[-1].T_base_probe[:3, 2]
            command = replace(command, twist=np.concatenate([push, np.zeros(3)]))
        return command

    def _twist(self, tick: int, twist: SafeTwist | None) -> SafeTwist | None:
        self._twists.append(twist)
        lost = self._on("twist_lost", tick)
        if lost is not None and self.rng.random() < lost.size:
            return None
        late = self._on("twist_late", tick)
        return twist if late is None else self._twists[max(len(self._twists) - 1 - round(late.size), 0)]

    def _now_ns(self, tick: int, now_ns: int) -> int:
        jumps = (f.size for f in self.faults if f.kind == "clock_jump" and f.start <= tick)
        return now_ns + round(1e9 * sum(jumps))
