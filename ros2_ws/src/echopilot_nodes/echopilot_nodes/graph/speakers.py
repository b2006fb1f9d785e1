"""Allowed publishers and servers of every topic and service that moves the robot or feeds a protection.

The one table of it: safety counts by it, the robot side counts by it, and docs/safety.md shows it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from echopilot_nodes.graph import topics

ROBOT, SAFETY, CONTROLLER, EXAM, PERCEPTION = "robot", "safety", "controller", "exam", "perception"
STOPS, NOBODY, UNCOUNTED = "latches a stop", "obeys nobody", "nothing: it decides by none of them"


@dataclass(frozen=True)
class Speaker:
    """What may be said on one topic or service.

    Attributes:
        name: of the topic or service, relative.
        by: role that speaks; "operator" for a device or program of the operator.
        most: publishers or servers allowed at a time; 0: any number.
        stream: name that safety's declaration of evidence has for it; "" where safety takes nothing from it.
        on_safety: what follows on safety from one more.
        on_robot: what follows on the robot side from one more.
        service: whether it is a service, whose servers are counted.
    """

    name: str
    by: str
    most: int = 1
    stream: str = ""
    on_safety: str = STOPS
    on_robot: str = "nothing: safety stops"
    service: bool = False


SPEAKERS: tuple[Speaker, ...] = (
    Speaker(topics.CLOCK, ROBOT, stream="clock"),
    Speaker(topics.ROBOT_STATE, ROBOT, stream="robot state"),
    Speaker(topics.ROBOT_MEASURED_CP, ROBOT, stream="measured pose"),
    Speaker(topics.ROBOT_MEASURED_CF, ROBOT, stream="measured force"),
    Speaker(topics.ROBOT_DESCRIPTION, ROBOT, stream="robot description"),
    Speaker(topics.BODY_SURFACE, ROBOT, stream="skin"),
    Speaker(topics.BODY_LANDMARKS, ROBOT, stream="landmarks"),
    Speaker(topics.PERCEPTION_RESULT, PERCEPTION, stream="results"),
    Speaker(topics.EXAM_STATE, EXAM, stream="goal"),
    Speaker(topics.CONTROL_COMMAND, CONTROLLER, stream="command"),
    Speaker(topics.CONTROL_JOG, "operator", most=3, stream="jog"),  # stick, page and command line
    Speaker(topics.CONTROL_CONSOLE, "operator", stream="console"),
    Speaker(topics.OPERATOR_ENABLED, "operator", stream="enabling device"),
    Speaker(topics.ROBOT_SERVO_CV, SAFETY, stream="twists", on_robot=NOBODY),
    Speaker(topics.SAFETY_STATE, SAFETY, stream="safety", on_robot=NOBODY),
    Speaker(topics.TF, ROBOT, most=0, on_safety=UNCOUNTED, on_robot=UNCOUNTED),
    Speaker(topics.RESET_SAFETY, SAFETY, stream="reset", service=True),
    Speaker(topics.SAFETY_STOP, SAFETY, stream="stop", service=True),
    Speaker(topics.SAFETY_LIFT_OFF, SAFETY, stream="lift-off", service=True),
)


class Census(Protocol):
    """What a node knows of the graph; rclpy's Node has it."""

    def resolve_topic_name(self, topic: str) -> str: ...

    def count_publishers(self, topic_name: str) -> int: ...

    def count_services(self, service_name: str) -> int: ...

    def get_publishers_info_by_topic(self, topic_name: str) -> list: ...  # type: ignore[type-arg]


class SpeakerCount:
    """Counts speakers, leaving out what a process that ended has left behind.

    DDS lists the publishers of a killed process for up to 20 s. Those that are listed when its bond closes are its
    own: whoever else spoke then had been counted before.
    """

    def __init__(self, node: Census, speakers: Iterable[Speaker] = SPEAKERS) -> None:
        self._node = node
        self._speakers = tuple(speaker for speaker in speakers if speaker.most)
        self._dead: set[bytes] = set()
        self._ended: set[str] = set()

    def note_ended(self, roles: Iterable[str]) -> None:
        """Take the roles whose processes have ended; call it at every look at the bonds, before `excess`."""
        ended = set(roles)
        if new := ended - self._ended:
            for speaker in self._speakers:
                if speaker.by in new and not speaker.service:
                    infos = self._node.get_publishers_info_by_topic(speaker.name)
                    self._dead.update(bytes(info.endpoint_gid) for info in infos)
        self._ended = ended

    def count(self, speaker: Speaker) -> int:
        """Publishers or servers now, at least those of nodes that are known by DDS."""
        if speaker.service:
            return self._node.count_services(speaker.name)
        count = self._node.count_publishers(self._node.resolve_topic_name(speaker.name))  # it follows no remapping
        if count <= speaker.most or not self._dead:
            return count
        infos = self._node.get_publishers_info_by_topic(speaker.name)
        return sum(bytes(info.endpoint_gid) not in self._dead for info in infos)

    def counts(self) -> dict[str, int]:
        """By stream: 1 where no more than allowed speak, else how many do."""
        counted = ((speaker, self.count(speaker)) for speaker in self._speakers)
        return {speaker.stream: n if n > speaker.most else min(n, 1) for speaker, n in counted}

    def is_one_each(self) -> bool:
        """Whether no topic or service has more speakers than allowed."""
        return all(self.count(speaker) <= speaker.most for speaker in self._speakers)


def speakers(where: Callable[[Speaker], bool]) -> tuple[Speaker, ...]:
    """Rows of the table."""
    return tuple(filter(where, SPEAKERS))


def speakers_table() -> str:
    """The table in Markdown."""
    head = "| topic or service | who | at most | one more: safety | one more: robot side |\n|---|---|---|---|---|"
    rows = (f"| `{s.name}` | {s.by} | {s.most or 'any'} | {s.on_safety} | {s.on_robot} |" for s in SPEAKERS)
    return "\n".join((head, *rows))
