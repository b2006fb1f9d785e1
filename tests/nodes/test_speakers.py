"""One speaker more than allowed is counted, what a dead process left behind is not, and docs show the table."""

from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="needs rclpy")
from echopilot_control.safety.evidence.people import STREAMS
from echopilot_nodes.graph import topics
from echopilot_nodes.graph.speakers import NOBODY, SPEAKERS, SpeakerCount, speakers, speakers_table

DOCS = Path(__file__).parents[2] / "docs" / "safety.md"


class Census:
    """What DDS lists, by topic: ids of publishers; servers by service."""

    def __init__(self) -> None:
        self.publishers: dict[str, list[bytes]] = {}
        self.servers: dict[str, int] = {}

    def resolve_topic_name(self, topic: str) -> str:
        return topic

    def count_publishers(self, topic_name: str) -> int:
        return len(self.publishers.get(topic_name, []))

    def count_services(self, service_name: str) -> int:
        return self.servers.get(service_name, 0)

    def get_publishers_info_by_topic(self, topic_name: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(endpoint_gid=list(gid)) for gid in self.publishers.get(topic_name, [])]


def test_the_table_holds_every_stream_that_safety_takes_and_docs_show_it() -> None:
    assert set(STREAMS) <= {speaker.stream for speaker in SPEAKERS}
    names = [speaker.name for speaker in SPEAKERS]
    assert len(set(names)) == len(names)
    assert speakers_table() in DOCS.read_text()


@pytest.mark.parametrize("speaker", [s for s in SPEAKERS if s.most], ids=lambda s: s.name)
def test_one_more_is_counted_on_every_topic_and_service(speaker: object) -> None:
    census = Census()
    (row,) = (s for s in SPEAKERS if s is speaker)
    count = SpeakerCount(census)
    gids = [bytes([k] * 16) for k in range(row.most + 1)]
    census.publishers[row.name], census.servers[row.name] = gids[:-1], row.most
    assert count.is_one_each() and all(n <= 1 for n in count.counts().values())
    census.publishers[row.name], census.servers[row.name] = gids, row.most + 1
    assert not count.is_one_each()
    assert [stream for stream, n in count.counts().items() if n > 1] == [row.stream]


def test_what_a_dead_process_left_behind_is_not_counted_but_an_impostor_is() -> None:
    census = Census()
    count = SpeakerCount(census)
    old, new, impostor = b"o" * 16, b"n" * 16, b"i" * 16
    census.publishers[topics.ROBOT_STATE] = [old]
    count.note_ended(())
    count.note_ended(("robot",))
    census.publishers[topics.ROBOT_STATE] = [old, new]
    count.note_ended(())
    assert count.is_one_each()
    census.publishers[topics.ROBOT_STATE] = [old, new, impostor]
    assert count.counts()["robot state"] == 2


def test_the_robot_side_counts_twists_and_states_of_safety() -> None:
    assert [s.name for s in speakers(lambda s: s.on_robot == NOBODY)] == [topics.ROBOT_SERVO_CV, topics.SAFETY_STATE]
