"""The declaration: all evidence that safety relies on, and all protections with what they need.

The check evaluates it from top to bottom; the table in docs/safety.md, the faults of `bench faults` and the property
tests are made from it. A reason stands in exactly one row.
"""

from echopilot_control.safety.arm_faults import ARM_FAULTS
from echopilot_control.safety.command_checks import guard_commander, judge_clock, judge_command
from echopilot_control.safety.evidence.arm import judge_description, judge_witnesses
from echopilot_control.safety.evidence.body import guard_places, judge_landmarks, judge_skin, judge_zones
from echopilot_control.safety.evidence.force import judge_force
from echopilot_control.safety.evidence.model import Evidence, Look, Protection, Way
from echopilot_control.safety.evidence.people import (
    guard_operator,
    judge_enabling_device,
    judge_latches,
    judge_peers,
    judge_publishers,
)
from echopilot_control.safety.force_checks import guard_force
from echopilot_control.safety.patient.guard import guard_patient
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.robot_checks import guard_arm, guard_joints, judge_robot

W, R = Way, Reason

EVIDENCE: tuple[Evidence, ...] = (
    Evidence(
        name="latches",
        source="record of latched reasons",
        good="read in whole, and every name known",
        judge=judge_latches,
        otherwise=(R.LATCH_UNREADABLE,),
    ),
    Evidence(
        name="clock",
        source="ROS time; wall and steady clock",
        good="never falls; wall and steady clock keep their distance to 50 ms",
        judge=judge_clock,
        otherwise=(R.CLOCK_JUMP,),
        ways=(W.ANEW, W.LEAPING),
    ),
    Evidence(
        name="robot state",
        source="robot/state",
        good="at most 30 ms old, not from the future; every number finite; tick and stamp rise and do not leap",
        judge=judge_robot,
        otherwise=(
            R.ROBOT_STALE, R.ROBOT_FUTURE, R.ROBOT_NOT_FINITE, R.ROBOT_ORDER, R.ROBOT_LEAP, R.ROBOT_LOST,
        ),
        ways=(W.ABSENT, W.FROZEN, W.DELAYED, W.FUTURE, W.OUT_OF_ORDER, W.LEAPING, W.ANEW),
    ),
    Evidence(
        name="robot description",
        source="robot_description",
        good="known; its limits, chain and Jacobian fit the joints",
        judge=judge_description,
        otherwise=(R.DESCRIPTION_MISSING, R.JOINTS_INCOMPLETE),
        ways=(W.ABSENT, W.NOT_FINITE, W.INCOMPLETE, W.DISAGREEING),
    ),
    Evidence(
        name="pose",
        source="robot/state, T_base_probe",
        good="rigid; within 5 mm and 0.02 rad of forward kinematics; its way is that of the twist to 2 mm and 0.02 rad",
        judge=judge_witnesses,
        otherwise=(R.POSE_AGAINST_JOINTS, R.POSE_AGAINST_TWIST),
        ways=(W.NOT_FINITE, W.INCOMPLETE, W.DEAD, W.FROZEN, W.SCALED, W.BIASED, W.DELAYED),
    ),
    Evidence(
        name="twist",
        source="robot/state, twist",
        good="six finite numbers; J dq to 15 mm/s and 0.06 rad/s, and the way of the pose",
        judge=judge_witnesses,
        otherwise=(R.TWIST_AGAINST_JOINTS,),
        ways=(W.NOT_FINITE, W.INCOMPLETE, W.DEAD, W.SCALED, W.BIASED),
    ),
    Evidence(
        name="joints",
        source="robot/state, joint angles and speeds",
        good="as many as described; the way of the angles is that of the speeds to 0.01 rad; they move when told to",
        judge=judge_witnesses,
        otherwise=(R.JOINTS_AGAINST_SPEEDS, R.ROBOT_FROZEN),
        ways=(W.NOT_FINITE, W.INCOMPLETE, W.DEAD, W.FROZEN, W.SCALED, W.BIASED, W.DELAYED),
    ),
    Evidence(
        name="skin",
        source="body/surface",
        good="at most 0.5 s old, not from the future; later than the last and different; 200 finite points or more",
        judge=judge_skin,
        otherwise=(
            R.SKIN_MISSING, R.SKIN_STALE, R.SKIN_FUTURE, R.SKIN_ORDER, R.SKIN_FROZEN, R.SKIN_UNUSABLE,
        ),
        ways=(
            W.ABSENT, W.DEAD, W.NOT_FINITE, W.INCOMPLETE, W.FROZEN, W.CONSTANT, W.SCALED, W.BIASED, W.DELAYED, W.FUTURE,
            W.OUT_OF_ORDER, W.DISAGREEING,
        ),
    ),
    Evidence(
        name="force",
        source="robot/state, wrench",
        good="alive; its noise, no offset and no weight in free air; the force that joint torques and seen skin tell",
        judge=judge_force,
        otherwise=(
            R.FORCE_STUCK, R.FORCE_DEAD, R.FORCE_WRONG, R.FORCE_UNPROVEN, R.FORCE_CONTRADICTED, R.FORCE_UNFELT,
        ),
        ways=(
            W.NOT_FINITE, W.INCOMPLETE, W.DEAD, W.CONSTANT, W.FROZEN, W.REPLAYED, W.NOISE, W.SCALED, W.BIASED,
            W.DRIFTING, W.FLIPPED, W.SWAPPED, W.SATURATED,
        ),
    ),
    Evidence(
        name="joint torques",
        source="robot/state, joint efforts",
        good="as many finite numbers as joints; with the described masses they tell the force along the probe",
        judge=judge_force,
        otherwise=(R.FORCE_UNWITNESSED,),
        ways=(W.ABSENT, W.NOT_FINITE, W.INCOMPLETE, W.DEAD, W.SCALED, W.BIASED),
    ),
    Evidence(
        name="landmarks",
        source="body/landmarks",
        good="those of a lying body, on the skin to 60 mm, not from the future; within 30 mm of those in use",
        judge=judge_landmarks,
        otherwise=(
            R.LANDMARKS_MISSING, R.LANDMARKS_UNUSABLE, R.LANDMARKS_FUTURE, R.LANDMARKS_JUMPED, R.BODY_DISAGREES,
        ),
        ways=(W.ABSENT, W.DEAD, W.NOT_FINITE, W.SCALED, W.BIASED, W.FUTURE, W.OUT_OF_ORDER, W.DISAGREEING),
    ),
    Evidence(
        name="zones",
        source="parameter zones",
        good="each has a place on the skin",
        judge=judge_zones,
        otherwise=(R.ZONES_UNPLACED,),
        ways=(W.ABSENT, W.NOT_FINITE),
    ),
    Evidence(
        name="command",
        source="control/command",
        good="at most 50 ms old, not from the future; six finite numbers; sequence rises and does not leap",
        judge=judge_command,
        otherwise=(
            R.COMMAND_MISSING, R.COMMAND_NOT_FINITE, R.COMMAND_BROKEN, R.COMMAND_STALE, R.COMMAND_FUTURE,
            R.COMMAND_REPEATED, R.COMMAND_SEQUENCE, R.COMMAND_LEAP,
        ),
        ways=(
            W.ABSENT, W.NOT_FINITE, W.INCOMPLETE, W.FROZEN, W.DELAYED, W.FUTURE, W.OUT_OF_ORDER, W.LEAPING, W.ANEW,
        ),
    ),
    Evidence(
        name="publishers",
        source="graph",
        good="counted; one for each stream that safety takes",
        judge=judge_publishers,
        otherwise=(R.SOURCES_UNCOUNTED, R.SECOND_SOURCE),
        ways=(W.ABSENT, W.SECOND_SOURCE),
    ),
    Evidence(
        name="peers",
        source="bonds",
        good="somebody watches the processes of the exam",
        judge=judge_peers,
        otherwise=(R.PEERS_UNWATCHED,),
        ways=(W.ABSENT,),
    ),
    Evidence(
        name="enabling device",
        source="operator/enabled, where there is one",
        good="pressed, and heard within 0.1 s",
        judge=judge_enabling_device,
        otherwise=(R.ENABLE_RELEASED,),
        ways=(W.DEAD,),
    ),
)  # fmt: skip

PROTECTIONS: tuple[Protection, ...] = (
    Protection(
        name="force, torque and their rate",
        needs=("clock", "robot state", "force", "joint torques", "robot description", "pose", "skin"),
        guard=guard_force,
        reasons=(R.FORCE_BIAS, R.FORCE_TRIP, R.FORCE_LATERAL, R.FORCE_TORQUE, R.FORCE_SPIKE, R.FORCE_DWELL),
    ),
    Protection(
        name="runaway arm, arm in fault",
        needs=("clock", "robot state", "twist", "pose", "joints"),
        guard=guard_arm,
        reasons=(R.ROBOT_SPEED, R.ROBOT_FAULT, *dict.fromkeys(ARM_FAULTS.values())),
    ),
    Protection(
        name="joint limits, singular poses",
        needs=("robot state", "joints", "robot description"),
        guard=guard_joints,
        reasons=(R.JOINT_LIMIT, R.SINGULAR),
    ),
    Protection(
        name="patient's motion",
        needs=("clock", "robot state", "skin", "pose", "force"),
        guard=guard_patient,
        reasons=(R.PATIENT_MOVED,),
    ),
    Protection(
        name="throat, marked zones, workspace",
        needs=("robot state", "pose", "landmarks", "zones", "skin"),
        guard=guard_places,
        reasons=(R.FORBIDDEN_ZONE, R.WORKSPACE),
    ),
    Protection(
        name="commander and processes",
        needs=("clock", "command", "publishers", "peers", "force"),
        guard=guard_commander,
        reasons=(R.COMMANDERS, R.NODE_LOST, R.NODE_GONE, R.HEARTBEAT_LOST),
    ),
    Protection(
        name="operator",
        needs=("latches", "enabling device"),
        guard=guard_operator,
        reasons=(R.OPERATOR_STOP,),
    ),
)

JUDGES: tuple[Look, ...] = tuple(dict.fromkeys(evidence.judge for evidence in EVIDENCE))
GUARDS: tuple[Look, ...] = tuple(dict.fromkeys(protection.guard for protection in PROTECTIONS))
