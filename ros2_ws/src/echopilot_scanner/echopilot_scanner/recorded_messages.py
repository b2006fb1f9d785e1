"""Messages of one topic of a rosbag2 folder or an MCAP file, in the order of the recording."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from rosbags.typesys import Stores, get_typestore

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line
from echopilot_perception.frames.readers.ros.bag import choose_topic, opened_bag
from echopilot_wire import definition
from echopilot_wire.recorded import recorded_decoder

OURS = ("ultrasound_msgs/", "echopilot_msgs/")


def find_topic(path: Path, topic: str, kinds: tuple[str, ...], what: str) -> str:
    """The topic to read, of one of the message types `kinds`; `what` is the word for its content.

    Raises EchoPilotError for a path without a bag, and with the topics to choose from where `topic` is none of them,
    or empty with several there.
    """
    if not path.exists():
        raise EchoPilotError(f"{path} does not exist")
    with opened_bag(path) as readers:
        return choose_topic(path, readers, topic, kinds, what)


def recorded_messages(path: Path, topic: str, refused: Callable[[str], None]) -> Iterator[tuple[str, Any]]:
    """Type and message, one after the other; `refused` is told the reason of each one that cannot be read."""
    with opened_bag(path) as readers:
        for reader in readers:
            wanted = [c for c in reader.connections if c.topic == topic]
            decoders = {c.id: _decoder(c) for c in wanted}
            for connection, _, data in reader.messages(wanted) if wanted else ():
                try:
                    message = decoders[connection.id](bytes(data))
                except Exception as error:  # rosbags raises every kind for damaged messages
                    refused(f"a message on {topic} is left out: {one_line(error, 120)}")
                else:
                    yield connection.msgtype, message


def _decoder(connection: Any) -> Callable[[bytes], Any]:
    """Reads the messages of a connection; ours by the definition in the recording, or today's without one."""
    kind = connection.msgtype
    if kind.startswith(OURS):
        return recorded_decoder(kind, connection.msgdef.data or definition(kind))
    return partial(get_typestore(Stores.ROS2_JAZZY).deserialize_cdr, typename=kind)
