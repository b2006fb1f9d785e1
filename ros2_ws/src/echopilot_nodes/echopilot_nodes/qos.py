"""The named QoS profiles of the graph, offered and requested sides.

No deadline, lifespan or liveliness anywhere: under simulated time they would run on wall time, so ages are
measured by the nodes themselves (DESIGN section 4).
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


FRAMES_OFFERED = _keep(5, ReliabilityPolicy.RELIABLE)
FRAMES_NEWEST = _keep(1, ReliabilityPolicy.BEST_EFFORT)  # perception and page: never a queue of old pictures
FRAMES_LOCKSTEP = _keep(5, ReliabilityPolicy.RELIABLE)  # lockstep, lossless replay: every result is waited for
FRAMES_RECORDED = _keep(60, ReliabilityPolicy.RELIABLE)

STATE_OFFERED = _keep(5, ReliabilityPolicy.RELIABLE)
STATE = _keep(5, ReliabilityPolicy.BEST_EFFORT)  # observers
STATE_LOCKSTEP = _keep(5, ReliabilityPolicy.RELIABLE)  # peers whose answer the simulator waits for
STATE_RECORDED = _keep(60, ReliabilityPolicy.RELIABLE)

COMMAND = _keep(1, ReliabilityPolicy.RELIABLE)
EVENTS = _keep(50, ReliabilityPolicy.RELIABLE)  # measurements and findings: few, none may be lost
LATCHED = _keep(1, ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL)
