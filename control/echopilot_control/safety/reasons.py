"""Reasons of safety interventions, each with its reaction and the hazard that it answers."""

from dataclasses import dataclass
from enum import Enum

from echopilot_core import SafetyMode


@dataclass(frozen=True)
class ReasonRule:
    """`row` is the line of the hazard table in docs/safety.md; a latched reaction stays until an operator resets."""

    reaction: SafetyMode
    row: int
    text: str

    @property
    def latched(self) -> bool:
        return self.reaction in (SafetyMode.RETRACT, SafetyMode.STOPPED)


class Reason(Enum):
    """Named causes; the name is what travels in SafetyState.reasons."""

    FORCE_TRIP = ReasonRule(SafetyMode.RETRACT, 3, "normal force above the trip")
    FORCE_LATERAL = ReasonRule(SafetyMode.RETRACT, 3, "lateral force above 20 N")
    FORCE_TORQUE = ReasonRule(SafetyMode.RETRACT, 3, "torque above 3 N m")
    FORCE_SPIKE = ReasonRule(SafetyMode.RETRACT, 3, "force rose faster than 200 N/s on two samples")
    FORCE_DWELL = ReasonRule(SafetyMode.RETRACT, 3, "normal force above 15 N for 60 s")
    FORCE_STUCK = ReasonRule(SafetyMode.RETRACT, 4, "force sensor repeats itself in contact")
    FORCE_CONTRADICTED = ReasonRule(SafetyMode.RETRACT, 4, "joint torques tell of another force than the sensor")
    FORCE_UNFELT = ReasonRule(SafetyMode.RETRACT, 4, "face deeper below the seen skin than the force allows")
    FORCE_DEAD = ReasonRule(SafetyMode.HOLD, 4, "force sensor repeats itself in free air")
    FORCE_WRONG = ReasonRule(SafetyMode.HOLD, 4, "noise, offset or weight in free air are not those of the sensor")
    FORCE_UNPROVEN = ReasonRule(SafetyMode.HOLD, 4, "force sensor not seen working in free air before the touch")
    FORCE_UNWITNESSED = ReasonRule(SafetyMode.HOLD, 4, "no joint torques, or no model of the arm, to check the force")
    FORCE_BIAS = ReasonRule(SafetyMode.RETRACT, 4, "more than 2 N for 0.2 s where no skin is, or pulling")
    ROBOT_STALE = ReasonRule(SafetyMode.HOLD, 2, "robot state older than 30 ms")
    ROBOT_FUTURE = ReasonRule(SafetyMode.HOLD, 14, "robot state from the future")
    ROBOT_NOT_FINITE = ReasonRule(SafetyMode.HOLD, 5, "robot state is not finite or not rigid")
    ROBOT_ORDER = ReasonRule(SafetyMode.HOLD, 14, "tick or stamp of a robot state fell less than 0.2 s ago")
    ROBOT_LEAP = ReasonRule(SafetyMode.HOLD, 14, "tick or stamp of the robot state leapt")
    ROBOT_FROZEN = ReasonRule(SafetyMode.STOPPED, 11, "arm stays where it is for 0.3 s although it was told to move")
    POSE_AGAINST_JOINTS = ReasonRule(SafetyMode.STOPPED, 11, "pose and joint angles disagree")
    POSE_AGAINST_TWIST = ReasonRule(SafetyMode.STOPPED, 11, "pose and twist disagree")
    JOINTS_AGAINST_SPEEDS = ReasonRule(SafetyMode.STOPPED, 11, "joint angles and joint speeds disagree")
    TWIST_AGAINST_JOINTS = ReasonRule(SafetyMode.STOPPED, 11, "twist and joint speeds disagree")
    DESCRIPTION_MISSING = ReasonRule(SafetyMode.HOLD, 12, "no robot description: joint limits, singular poses unknown")
    JOINTS_INCOMPLETE = ReasonRule(SafetyMode.HOLD, 12, "joints are not those of the robot description")
    ROBOT_LOST = ReasonRule(SafetyMode.STOPPED, 11, "no usable robot state for more than 40 ms")
    ROBOT_SPEED = ReasonRule(SafetyMode.STOPPED, 11, "arm moves faster than any command")
    ROBOT_FAULT = ReasonRule(SafetyMode.STOPPED, 19, "arm reports a fault or its emergency stop")
    ARM_STOPPED = ReasonRule(SafetyMode.STOPPED, 19, "the arm's own controller stopped it: a reflex, a limit, its stop")
    ARM_SILENT = ReasonRule(SafetyMode.STOPPED, 11, "the arm or its driver says nothing: cable, driver or its process")
    ARM_UNUSABLE = ReasonRule(SafetyMode.STOPPED, 5, "samples of the arm are not finite, or of another arm")
    ARM_CLOCK = ReasonRule(SafetyMode.STOPPED, 14, "stamps of the arm are missing, stand, or are of another clock")
    ARM_TARE = ReasonRule(SafetyMode.STOPPED, 4, "force in free air at the start is not that of the tool")
    ARM_CLOCK_STEP = ReasonRule(SafetyMode.HOLD, 14, "clock of the arm or of this host stepped less than 1 s ago")
    ARM_PAST_LIMIT = ReasonRule(SafetyMode.HOLD, 12, "joint of the arm is past its limit")
    ARM_COLLISION = ReasonRule(SafetyMode.HOLD, 12, "the arm would touch itself")
    COMMAND_MISSING = ReasonRule(SafetyMode.HOLD, 15, "no command")
    COMMAND_NOT_FINITE = ReasonRule(SafetyMode.HOLD, 5, "command is not finite")
    COMMAND_BROKEN = ReasonRule(SafetyMode.STOPPED, 5, "five commands in a row are not finite")
    COMMAND_STALE = ReasonRule(SafetyMode.HOLD, 15, "command older than its validity")
    COMMAND_FUTURE = ReasonRule(SafetyMode.HOLD, 14, "command from the future")
    COMMAND_REPEATED = ReasonRule(SafetyMode.HOLD, 24, "sequence did not increase")
    COMMAND_SEQUENCE = ReasonRule(SafetyMode.STOPPED, 24, "sequence fell: a second commander or a replay")
    COMMAND_LEAP = ReasonRule(SafetyMode.HOLD, 24, "sequence of the command leapt")
    HEARTBEAT_LOST = ReasonRule(SafetyMode.STOPPED, 15, "controller dead, or silent for 1 s, in contact")
    NODE_LOST = ReasonRule(SafetyMode.HOLD, 15, "a process of the exam died")
    NODE_GONE = ReasonRule(SafetyMode.RETRACT, 15, "a dead process did not come back for 1 s in contact")
    PEERS_UNWATCHED = ReasonRule(SafetyMode.HOLD, 15, "nobody watches the processes of the exam")
    SOURCES_UNCOUNTED = ReasonRule(SafetyMode.HOLD, 24, "nobody counts who publishes what safety takes")
    SECOND_SOURCE = ReasonRule(SafetyMode.STOPPED, 24, "more than one publisher of what safety takes")
    COMMANDERS = ReasonRule(SafetyMode.STOPPED, 24, "more than one commander")
    PATIENT_MOVED = ReasonRule(SafetyMode.RETRACT, 9, "patient moved more than 11 mm or faster than 30 mm/s")
    SKIN_MISSING = ReasonRule(SafetyMode.HOLD, 9, "no skin seen")
    SKIN_STALE = ReasonRule(SafetyMode.HOLD, 9, "skin seen more than 0.5 s ago")
    SKIN_FUTURE = ReasonRule(SafetyMode.HOLD, 14, "skin from the future")
    SKIN_ORDER = ReasonRule(SafetyMode.HOLD, 14, "stamp of the skin fell less than 0.5 s ago")
    SKIN_FROZEN = ReasonRule(SafetyMode.HOLD, 9, "skin repeats point by point")
    SKIN_UNUSABLE = ReasonRule(SafetyMode.HOLD, 9, "skin shows too few finite points of a body")
    BODY_DISAGREES = ReasonRule(SafetyMode.HOLD, 13, "landmarks do not lie on the skin seen")
    LANDMARKS_MISSING = ReasonRule(SafetyMode.HOLD, 13, "no landmarks")
    LANDMARKS_UNUSABLE = ReasonRule(SafetyMode.HOLD, 13, "landmarks are not finite, or not those of a body")
    LANDMARKS_FUTURE = ReasonRule(SafetyMode.HOLD, 14, "landmarks from the future")
    LANDMARKS_JUMPED = ReasonRule(SafetyMode.HOLD, 13, "landmarks jumped by more than 30 mm; a reset accepts them")
    ZONES_UNPLACED = ReasonRule(SafetyMode.HOLD, 13, "a marked zone has no place on the skin")
    FORBIDDEN_ZONE = ReasonRule(SafetyMode.RETRACT, 13, "probe inside a forbidden zone")
    WORKSPACE = ReasonRule(SafetyMode.HOLD, 13, "probe outside its workspace")
    JOINT_LIMIT = ReasonRule(SafetyMode.HOLD, 12, "joint runs into its limit")
    SINGULAR = ReasonRule(SafetyMode.HOLD, 12, "arm runs into a singular pose")
    OPERATOR_STOP = ReasonRule(SafetyMode.STOPPED, 18, "operator pressed stop")
    ENABLE_RELEASED = ReasonRule(SafetyMode.STOPPED, 20, "enabling device released or silent for 0.1 s")
    LATCH_UNREADABLE = ReasonRule(SafetyMode.STOPPED, 18, "record of latched reasons cannot be read")
    CLOCK_JUMP = ReasonRule(SafetyMode.HOLD, 14, "time jumped less than 1 s ago")


def most_severe(reasons: list[Reason]) -> SafetyMode:
    """The reaction that holds when several causes meet: STOPPED over RETRACT over HOLD; OK when there is none.

    STOPPED wins because its causes (a lost robot, a second commander, an operator) make a commanded retract unsafe. A
    force sensor that lies does not: a retreat needs the pose alone, and a hold would believe that sensor.
    """
    return max((reason.value.reaction for reason in reasons), key=int, default=SafetyMode.OK)
