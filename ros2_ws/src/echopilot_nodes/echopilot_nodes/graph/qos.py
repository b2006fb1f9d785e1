"""The named QoS profiles of the graph, offered and requested sides.

No deadline, lifespan or liveliness anywhere: under simulated time they would run on wall time, so ages are
measured by the nodes themselves.
"""

from rclpy.qos import DurabilityPolicy, HistoryPolicy, LivelinessPolicy, QoSProfile, ReliabilityPolicy

_VOLATILE = DurabilityPolicy.VOLATILE


def _keep(depth: int, reliability: ReliabilityPolicy, durability: DurabilityPolicy = _VOLATILE) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=reliability,
        durability=durability,
        liveliness=LivelinessPolicy.AUTOMATIC,
    )


_LATE = DurabilityPolicy.TRANSIENT_LOCAL  # subscribers that match late still get what was sent
LAG_TICKS = 20  # the exam may lag this many control ticks behind the simulator without losing anything
LAG_RECORDED = 120  # frames or states that a recorder or console may lag behind: 4 s of frames

# Frames. In lockstep and in lossless replay each one is waited for, so a peer that connects late still gets it.
FRAMES_OFFERED = _keep(5, ReliabilityPolicy.RELIABLE, _LATE)
FRAMES_NEWEST = _keep(1, ReliabilityPolicy.BEST_EFFORT)  # perception and page: never a queue of old images
FRAMES_LOCKSTEP = _keep(5, ReliabilityPolicy.RELIABLE, _LATE)
FRAMES_RECORDED = _keep(LAG_RECORDED, ReliabilityPolicy.RELIABLE, _LATE)

# State of the robot, and the answers of other nodes to it: results, commands, safety and exam state. The robot
# repeats an unanswered tick. Answers are kept, as many as a recorder may lag behind, for peers that discovery
# finds late (up to 3 s).
STATE_OFFERED = _keep(LAG_TICKS, ReliabilityPolicy.RELIABLE)
STATE = _keep(5, ReliabilityPolicy.BEST_EFFORT)  # observers
STATE_LOCKSTEP = _keep(LAG_TICKS, ReliabilityPolicy.RELIABLE)
STATE_RECORDED = _keep(LAG_RECORDED, ReliabilityPolicy.RELIABLE)
ANSWER_OFFERED = _keep(LAG_RECORDED, ReliabilityPolicy.RELIABLE, _LATE)
ANSWER_LOCKSTEP = _keep(LAG_TICKS, ReliabilityPolicy.RELIABLE, _LATE)
ANSWER_RECORDED = _keep(LAG_RECORDED, ReliabilityPolicy.RELIABLE, _LATE)

COMMAND = _keep(1, ReliabilityPolicy.RELIABLE)
EVENTS = _keep(50, ReliabilityPolicy.RELIABLE)  # measurements and findings: few, none may be lost
LATCHED = _keep(1, ReliabilityPolicy.RELIABLE, _LATE)
DISPLAY = _keep(5, ReliabilityPolicy.RELIABLE)  # standard faces: viewers that ask for either reliability get them
