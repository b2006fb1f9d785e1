"""The layouts for RViz and Foxglove show image, space, force and state, by topics that the graph has."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from echopilot_core.paths import share_file

topics = pytest.importorskip("echopilot_nodes.graph.topics", reason="needs the nodes")
KNOWN = {name for key, name in vars(topics).items() if key.isupper()}
NAMED = ("Topic", "Description Topic")
FOXGLOVE = ("echopilot_bridge.json", "echopilot_recording.json")


def layout(kind: str, name: str) -> str:
    return share_file("echopilot_description", f"{kind}/{name}").read_text(encoding="utf-8")


def displays() -> dict[str, dict[str, Any]]:
    root = yaml.safe_load(layout("rviz", "echopilot.rviz"))
    return {display["Name"]: display for display in root["Visualization Manager"]["Displays"]}


def panels(node: Any) -> Iterator[str]:
    """Panels that the tree of a layout names."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for branch in ("first", "second"):
            yield from panels(node[branch])


def named_topics(config: Any) -> Iterator[str]:
    """Absolute topic names anywhere in a panel; the path of a field ends them."""
    if isinstance(config, dict):
        for key, value in config.items():
            yield from named_topics(key)
            yield from named_topics(value)
    elif isinstance(config, list):
        for value in config:
            yield from named_topics(value)
    elif isinstance(config, str) and (match := re.fullmatch(r"(/[\w/]+)(\.[\w.]+)?", config)):
        yield match[1]


def test_rviz_shows_relative_topics_of_the_graph_with_a_quality_of_service_that_matches() -> None:
    asked = [display[key] for display in displays().values() for key in NAMED if key in display]
    shown = {topic["Value"]: topic for topic in asked}
    assert set(shown) <= KNOWN and {topics.OVERLAY, topics.PROBE_POINTS, topics.ROBOT_MEASURED_CF} <= set(shown)
    latched = {topics.BODY_POINTS, topics.BODY_MARKERS, topics.AORTA_MARKERS, topics.ROBOT_DESCRIPTION}
    assert {topic for topic, qos in shown.items() if qos.get("Durability Policy") == "Transient Local"} == latched


def test_rviz_shows_the_image_in_space_as_points() -> None:
    assert "rviz_default_plugins/Image" in {display["Class"] for display in displays().values()}
    assert displays()["Image in space"]["Topic"]["Value"] == topics.PROBE_POINTS  # textures pile up in RViz of Jazzy


@pytest.mark.parametrize("name", FOXGLOVE)
def test_foxglove_shows_topics_of_the_graph_and_every_panel_has_its_settings(name: str) -> None:
    root = json.loads(layout("foxglove", name))
    assert set(panels(root["layout"])) == set(root["configById"])
    found = set(named_topics(root["configById"]))
    assert found and found <= {f"/{name.removeprefix('/')}" for name in KNOWN}
    kinds = {panel.partition("!")[0] for panel in root["configById"]}
    assert {"Image", "Plot", "StateTransitions"} <= kinds
    assert ("3D" in kinds) == (name == "echopilot_bridge.json")
