"""True contact on Gazebo topics, for the scorer and for plots: never for perception, control or exam."""

from collections.abc import Callable
from typing import Any

from echopilot_core.timing import TICK_NS
from echopilot_sim.physics.patient_world import PatientWorld


class TruthTopics:
    """Publishers below a prefix: `contact` (Wrench, in probe at its origin), `max_force` [N], `limit_crossings`.

    ros_gz_bridge turns them into WrenchStamped, Float64 and Int32. Nothing is published under an empty prefix, and
    where Gazebo's transport has no Python bindings on this machine, which is said once.
    """

    def __init__(self, prefix: str) -> None:
        self._tell = _publisher(prefix) if prefix else None
        self._due_ns = 0

    def restart(self) -> None:
        """The clock was set back."""
        self._due_ns = 0

    def tell(self, patient: PatientWorld, now_ns: int) -> None:
        """Publish the contact of the last step when 10 ms have passed since it was published."""
        if self._tell is None or now_ns < self._due_ns:
            return
        self._due_ns = now_ns + TICK_NS
        self._tell(patient, now_ns)


def _publisher(prefix: str) -> Callable[[PatientWorld, int], None] | None:
    try:
        from gz.msgs10.double_pb2 import Double
        from gz.msgs10.int32_pb2 import Int32
        from gz.msgs10.wrench_pb2 import Wrench
        from gz.transport13 import Node
    except ImportError as error:
        print(f"echopilot_gz: no truth is published: {error}", flush=True)
        return None
    node = Node()
    contact, max_force, crossings = (
        node.advertise(f"{prefix}/{name}", kind)
        for name, kind in (("contact", Wrench), ("max_force", Double), ("limit_crossings", Int32))
    )

    def tell(patient: PatientWorld, now_ns: int, node: Any = node) -> None:  # the node lives as long as its publishers
        message = Wrench()
        message.header.stamp.sec, message.header.stamp.nsec = divmod(now_ns, 1_000_000_000)
        frame = message.header.data.add()
        frame.key = "frame_id"
        frame.value.append("probe")
        for part, values in ((message.force, patient.wrench[:3]), (message.torque, patient.wrench[3:])):
            part.x, part.y, part.z = values.tolist()
        contact.publish(message)
        max_force.publish(Double(data=patient.max_normal_force_n))
        crossings.publish(Int32(data=patient.limit_crossings))

    return tell
