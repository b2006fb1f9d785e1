"""Faults of evidence as data: for every evidence and every way of losing or faking it, a change of what carries it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from echopilot_control.safety.evidence import body_fakes as body
from echopilot_control.safety.evidence import force_fakes as force
from echopilot_control.safety.evidence import robot_fakes as robot
from echopilot_control.safety.evidence.force_fakes import lying
from echopilot_control.safety.evidence.model import Past, Way
from echopilot_control.safety.state import SafetyInputs


class Carrier(StrEnum):
    """Field of `SafetyInputs` that a fault changes; INPUTS are all of them."""

    ROBOT = "robot"
    COMMAND = "command"
    SURFACE = "surface"
    LANDMARKS = "landmarks"
    INPUTS = "inputs"


class Shows(StrEnum):
    """When a fault can be noticed: at any time, or once the probe moves or turns, presses, or a new skin comes."""

    AT_ONCE = "at once"
    MOVING = "moving"
    PRESSING = "pressing"
    NEW_SKIN = "new skin"


@dataclass(frozen=True)
class FaultKind:
    """A way of losing or faking one evidence; `change(value, past)` makes what arrives of what was sent.

    `size` is the range of the fault's size, whose meaning the change gives. After `within_s` of a state in which it
    shows, no motion leaves any more.
    """

    evidence: str
    way: Way
    carrier: Carrier
    change: Callable[[Any, Past], Any]
    within_s: float = 0.0
    shows: Shows = Shows.AT_ONCE
    size: tuple[float, float] = (1.0, 1.0)

    @property
    def name(self) -> str:
        """Identifier: evidence and way."""
        return f"{self.evidence}_{self.way}".replace(" ", "_")


class Fault:
    """A fault at work; feed it every value of its carrier, also before it begins, so that it has a past."""

    def __init__(self, kind: FaultKind, size: float) -> None:
        self.kind = kind
        self._past = Past(size)

    def pass_by(self, value: Any) -> Any:
        """A value before the fault begins, or after its end."""
        self._past.values.append(value)
        self._past.first = value if value is not None else self._past.first
        self._past.tick = 0
        return value

    def spoil(self, value: Any) -> Any:
        """What arrives of a value while the fault lasts."""
        self._past.values.append(value)
        if self._past.first is None:
            self._past.first = value
        changed = self.kind.change(value, self._past)
        self._past.tick += 1
        return changed

    def inputs(self, inputs: SafetyInputs, active: bool) -> SafetyInputs:
        """The same for the whole inputs of safety; only the field of the kind's carrier changes."""
        act = self.spoil if active else self.pass_by
        if self.kind.carrier is Carrier.INPUTS:
            changed: SafetyInputs = act(inputs)
            return changed
        return replace(inputs, **{str(self.kind.carrier): act(getattr(inputs, self.kind.carrier))})


def absent(value: Any, past: Past) -> None:
    """Nothing arrives."""


def same_again(value: Any, past: Past) -> Any:
    """The last value before the fault, its stamp included."""
    return past.first


def late(value: Any, past: Past) -> Any:
    """What was sent `size` calls ago."""
    return past.values[max(len(past.values) - 1 - round(past.size), 0)]


def shuffled(value: Any, past: Past) -> Any:
    """In turn the newest value and one of `size` calls ago."""
    return late(value, past) if past.tick % 2 else value


def stamped(offset_s: float) -> Callable[[Any, Past], Any]:
    """A stamp that is off by `offset_s` [s]."""
    return lambda value, past: replace(value, stamp_ns=value.stamp_ns + round(1e9 * offset_s))


ROBOT, COMMAND, SURFACE, LANDMARKS, INPUTS = Carrier
W = Way

FAULTS: tuple[FaultKind, ...] = (
    FaultKind("clock", W.ANEW, INPUTS, robot.clock_back, size=(0.1, 10.0)),
    FaultKind("clock", W.LEAPING, INPUTS, lambda i, p: replace(i, clock_offset_ns=i.clock_offset_ns + 100_000_000)),
    FaultKind("robot state", W.ABSENT, ROBOT, absent),
    FaultKind("robot state", W.FROZEN, ROBOT, same_again, within_s=0.04),
    FaultKind("robot state", W.DELAYED, ROBOT, late, size=(5, 50)),
    FaultKind("robot state", W.FUTURE, ROBOT, stamped(0.1)),
    FaultKind("robot state", W.OUT_OF_ORDER, ROBOT, shuffled, within_s=0.02, size=(2, 3)),
    FaultKind("robot state", W.LEAPING, ROBOT, lambda r, p: replace(r, tick=2**31 - 2)),
    FaultKind("robot state", W.ANEW, ROBOT, lambda r, p: replace(r, tick=p.tick + 1)),
    FaultKind("robot description", W.ABSENT, INPUTS, robot.undescribed),
    FaultKind("robot description", W.NOT_FINITE, INPUTS, lambda i, p: replace(i, manipulability=np.nan)),
    FaultKind("robot description", W.INCOMPLETE, INPUTS, robot.fewer_limits),
    FaultKind("robot description", W.DISAGREEING, INPUTS, robot.another_arm, size=(0.05, 0.5)),
    FaultKind("pose", W.NOT_FINITE, ROBOT, robot.part("T_base_probe", lambda T, p: T * np.nan)),
    FaultKind("pose", W.INCOMPLETE, ROBOT, robot.part("T_base_probe", lambda T, p: T[:3])),
    FaultKind("pose", W.DEAD, ROBOT, robot.part("T_base_probe", lambda T, p: 0.0 * T)),
    FaultKind("pose", W.FROZEN, ROBOT, robot.repeated("T_base_probe"), 1.0, Shows.MOVING),
    FaultKind("pose", W.SCALED, ROBOT, robot.scaled_place, size=(1.1, 3.0)),
    FaultKind("pose", W.BIASED, ROBOT, robot.biased_place, size=(0.01, 0.5)),
    FaultKind("pose", W.DELAYED, ROBOT, robot.late_part("T_base_probe"), 2.0, Shows.MOVING, (40, 59)),
    FaultKind("twist", W.NOT_FINITE, ROBOT, robot.part("twist", lambda v, p: v * np.nan)),
    FaultKind("twist", W.INCOMPLETE, ROBOT, robot.part("twist", lambda v, p: v[:3])),
    FaultKind("twist", W.DEAD, ROBOT, robot.part("twist", lambda v, p: 0.0 * v), 0.6, Shows.MOVING),
    FaultKind("twist", W.SCALED, ROBOT, robot.part("twist", lambda v, p: p.size * v), 0.3, Shows.MOVING, (3.0, 10.0)),
    FaultKind("twist", W.BIASED, ROBOT, robot.part("twist", lambda v, p: v + p.size), 0.1, size=(0.05, 0.2)),
    FaultKind("joints", W.NOT_FINITE, ROBOT, robot.part("joint_position_rad", lambda q, p: q * np.nan)),
    FaultKind("joints", W.INCOMPLETE, ROBOT, robot.part("joint_velocity_rad_s", lambda q, p: q[1:])),
    FaultKind("joints", W.DEAD, ROBOT, robot.part("joint_position_rad", lambda q, p: 0.0 * q)),
    FaultKind("joints", W.FROZEN, ROBOT, robot.repeated("joint_position_rad"), 1.0, Shows.MOVING),
    FaultKind("joints", W.SCALED, ROBOT, robot.part("joint_position_rad", lambda q, p: p.size * q), size=(1.1, 3.0)),
    FaultKind(
        "joints", W.BIASED, ROBOT, robot.part("joint_velocity_rad_s", lambda q, p: q + p.size), 0.3, size=(0.1, 1)
    ),
    FaultKind("joints", W.DELAYED, ROBOT, robot.late_part("joint_position_rad"), 2.0, Shows.MOVING, (40, 59)),
    FaultKind("skin", W.ABSENT, SURFACE, absent),
    FaultKind("skin", W.DEAD, SURFACE, body.skin(lambda x, p: x[:0]), 0.2, Shows.NEW_SKIN),
    FaultKind("skin", W.NOT_FINITE, SURFACE, body.skin(lambda x, p: x * np.nan), 0.2, Shows.NEW_SKIN),
    FaultKind("skin", W.INCOMPLETE, SURFACE, body.skin(lambda x, p: x[:, :2]), 0.2, Shows.NEW_SKIN),
    FaultKind("skin", W.FROZEN, SURFACE, body.skin_repeated, 0.4, Shows.NEW_SKIN),
    FaultKind("skin", W.CONSTANT, SURFACE, same_again, 0.7),
    FaultKind("skin", W.SCALED, SURFACE, body.skin(lambda x, p: p.size * x), 0.4, Shows.NEW_SKIN, (1.1, 3.0)),
    FaultKind("skin", W.BIASED, SURFACE, body.skin_moved, 0.4, Shows.NEW_SKIN, (0.03, 2.0)),
    FaultKind("skin", W.DELAYED, SURFACE, body.stale_skin, 0.2, Shows.NEW_SKIN),
    FaultKind("skin", W.FUTURE, SURFACE, stamped(3600.0)),
    FaultKind("skin", W.OUT_OF_ORDER, SURFACE, shuffled, 0.02, size=(22, 40)),
    FaultKind("skin", W.DISAGREEING, SURFACE, body.skin(body.a_table), 0.4, Shows.NEW_SKIN),
    FaultKind("force", W.NOT_FINITE, ROBOT, lying(force.not_finite)),
    FaultKind("force", W.INCOMPLETE, ROBOT, lying(force.incomplete)),
    FaultKind("force", W.DEAD, ROBOT, lying(force.zero), 0.5),
    FaultKind("force", W.CONSTANT, ROBOT, lying(force.constant), 0.5, size=(0.0, 10.0)),
    FaultKind("force", W.FROZEN, ROBOT, lying(force.frozen), 0.5),
    FaultKind("force", W.REPLAYED, ROBOT, lying(force.replayed), 0.7, size=(20, 300)),
    FaultKind("force", W.NOISE, ROBOT, lying(force.noise_alone), 0.3, Shows.PRESSING),
    FaultKind("force", W.SCALED, ROBOT, lying(force.scaled), 0.7, size=(0.05, 0.3)),
    FaultKind("force", W.BIASED, ROBOT, lying(force.biased), 0.7, size=(3.0, 10.0)),
    FaultKind("force", W.DRIFTING, ROBOT, lying(force.drifting), 4.0, size=(1.0, 3.0)),
    FaultKind("force", W.FLIPPED, ROBOT, lying(force.flipped), 0.1, Shows.PRESSING),
    FaultKind("force", W.SWAPPED, ROBOT, lying(force.swapped), 0.3, Shows.PRESSING),
    FaultKind("force", W.SATURATED, ROBOT, lying(force.saturated), 0.5, Shows.PRESSING, (0.5, 2.0)),
    FaultKind("joint torques", W.ABSENT, ROBOT, lambda r, p: replace(r, joint_effort_n_m=None)),
    FaultKind("joint torques", W.NOT_FINITE, ROBOT, robot.part("joint_effort_n_m", lambda t, p: t * np.nan)),
    FaultKind("joint torques", W.INCOMPLETE, ROBOT, robot.part("joint_effort_n_m", lambda t, p: t[1:])),
    FaultKind("joint torques", W.DEAD, ROBOT, robot.part("joint_effort_n_m", lambda t, p: 0.0 * t), 0.1),
    FaultKind(
        "joint torques", W.SCALED, ROBOT, robot.part("joint_effort_n_m", lambda t, p: p.size * t), 0.3, size=(1.5, 10.0)
    ),
    FaultKind(
        "joint torques", W.BIASED, ROBOT, robot.part("joint_effort_n_m", lambda t, p: t + p.size), 0.3, size=(5.0, 20.0)
    ),
    FaultKind("landmarks", W.ABSENT, LANDMARKS, absent),
    FaultKind("landmarks", W.DEAD, LANDMARKS, body.marks(lambda x, p: 0.0 * x)),
    FaultKind("landmarks", W.NOT_FINITE, LANDMARKS, body.marks(lambda x, p: x * np.nan)),
    FaultKind("landmarks", W.SCALED, LANDMARKS, body.marks(lambda x, p: p.size * x), size=(1.2, 1000.0)),
    FaultKind("landmarks", W.BIASED, LANDMARKS, body.marks(lambda x, p: x + p.size), size=(0.05, 1.0)),
    FaultKind("landmarks", W.FUTURE, LANDMARKS, body.future_marks),
    FaultKind("landmarks", W.OUT_OF_ORDER, LANDMARKS, body.marks_upside_down),
    FaultKind("landmarks", W.DISAGREEING, LANDMARKS, body.marks_up_the_throat, size=(0.04, 0.2)),
    FaultKind("zones", W.ABSENT, INPUTS, lambda i, p: replace(i, unplaced_zones=("wound",))),
    FaultKind("zones", W.NOT_FINITE, INPUTS, body.zone_nowhere),
    FaultKind("command", W.ABSENT, COMMAND, absent),
    FaultKind("command", W.NOT_FINITE, COMMAND, robot.part("twist", lambda v, p: v * np.nan)),
    FaultKind("command", W.INCOMPLETE, COMMAND, robot.part("twist", lambda v, p: v[:3])),
    FaultKind("command", W.FROZEN, COMMAND, same_again),
    FaultKind("command", W.DELAYED, COMMAND, late, size=(6, 50)),
    FaultKind("command", W.FUTURE, COMMAND, stamped(1.0)),
    FaultKind("command", W.OUT_OF_ORDER, COMMAND, shuffled, within_s=0.02, size=(2, 3)),
    FaultKind("command", W.LEAPING, COMMAND, lambda c, p: replace(c, sequence=2**31 - 2)),
    FaultKind("command", W.ANEW, COMMAND, lambda c, p: replace(c, sequence=p.tick)),
    FaultKind("publishers", W.ABSENT, INPUTS, lambda i, p: replace(i, publishers=None)),
    FaultKind("publishers", W.SECOND_SOURCE, INPUTS, body.second_source),
    FaultKind("peers", W.ABSENT, INPUTS, lambda i, p: replace(i, lost_nodes=None)),
    FaultKind("enabling device", W.DEAD, INPUTS, lambda i, p: replace(i, enabled=False)),
)
"""One for each way that the declaration gives to an evidence (a test compares)."""
